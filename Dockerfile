# Odoo's official image with the add-on in it.
FROM odoo:19.0

USER root
COPY . /mnt/extra-addons/account_payment_portal
# The image has wkhtmltopdf; the fonts are for the scripts of the customers' languages.
RUN pip3 install --no-cache-dir --break-system-packages \
        -r /mnt/extra-addons/account_payment_portal/requirements.txt \
    && apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
USER odoo
