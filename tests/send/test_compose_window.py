import base64
import re

from markupsafe import Markup

from odoo.exceptions import AccessError
from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ..send_common import MAIL_LOGGERS, PortalSendCommon

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
REFUSED = {"refuse_recipients": {"*": (550, "No")}}


class TestAccountMoveSendPortalWindow(PortalSendCommon, HttpCase):
    """The window around the sending: before it, after it, and without it."""

    has_document = True

    # === BEFORE === #

    def test_s11_window_says_to_whom_it_was_sent_and_whether_they_looked(self):
        self.assertFalse(self._compose().earlier_sendings)
        with self.mailbox():
            self._send(
                email_to="carla@customer.example, otto@x.example",
                email_bcc="boss@company.example",
            )
        self.assertRegex(
            self._compose().earlier_sendings,
            r"^carla@customer.example, otto@x.example on [^\n]+, not viewed yet$",
        )
        links = {link.email: link for link in self._get_links()}
        self._pass_time(3600)
        self._record_view(links["otto@x.example"])
        lines = sorted(self._compose().earlier_sendings.split("\n"))
        self.assertRegex(lines[0], "^carla@customer.example on .+, not viewed yet$")
        self.assertRegex(lines[1], "^otto@x.example on .+, last viewed on .+$")
        for line in lines:
            self.assertIn("by Bill Biller,", line)
        self.assertEqual(len(lines), 2, "a blind copy is no customer's")

    def test_s11_long_history_is_summed_up(self):
        for number in range(9):
            email = f"p{number}@x.example"
            # In sudo mode because nobody writes what was sent.
            self.env["account.move.portal.delivery"].sudo().create(
                {
                    "move_id": self.invoice.id,
                    "email": email,
                    "formatted": email,
                    "state": "sent",
                    "sent_on": f"2020-03-0{number + 1} 10:00:00",
                }
            )
        lines = self._compose().earlier_sendings.split("\n")
        self.assertIn("p8@x.example", lines[0])
        self.assertEqual(lines[-1], "and 4 more")

    # === AFTER === #

    @mute_logger(*MAIL_LOGGERS)
    def test_s11_confirmation_lists_who_got_it_who_did_not_and_why(self):
        window = self._compose(
            email_to="carla@customer.example, gone@x.example",
            email_cc="Cecil Cook <cecil@x.example>",
        )
        refusal = {"gone@x.example": (550, "No such user here")}
        with self.mailbox(refuse_recipients=refusal):
            window.action_send()
            self.assertEqual(window.step, "compose", "everything typed is still there")
            window.email_to = "carla@customer.example"
            action = window.action_send()
        self.assertEqual(action["res_id"], window.id)
        self.assertEqual(window.step, "sent")
        outcomes = window.outcome_ids.with_user(self.biller)
        self.assertEqual(
            [(each.email, each.role, each.state) for each in outcomes],
            [
                ("carla@customer.example", "to", "sent"),
                ("gone@x.example", "to", "cancelled"),
                ("cecil@x.example", "cc", "sent"),
            ],
        )
        self.assertEqual(
            outcomes.mapped("display_name"),
            [
                "carla@customer.example",
                "gone@x.example",
                "Cecil Cook · cecil@x.example",
            ],
        )
        self.assertIn("No such user here", outcomes[1].answer)
        self.assertTrue(window.has_reasons)

    def test_s11_confirmation_has_no_reasons_where_all_went_well(self):
        with self.mailbox():
            window, _action = self._send()
        self.assertEqual(window.step, "sent")
        self.assertFalse(window.has_reasons)

    def test_s11_link_that_was_sent_can_be_copied(self):
        with self.mailbox():
            window, _action = self._send(email_cc="cecil@x.example")
        link = self._get_links().filtered(lambda each: "carla" in each.email)
        self.assertEqual(
            window.get_sent_link(),
            {"url": link._get_url(), "recipient": "carla@customer.example"},
        )
        self.assertIn("carla@customer.example", self.invoice.message_ids[0].body)
        link._revoke("staff")
        self.assertEqual(window.get_sent_link(), {})

    # === PICTURES === #

    def _paste(self, window, source=None):
        """Add a picture to the message, as the editor does."""
        files = self.env["ir.attachment"].with_user(self.biller)
        picture = files.create(
            {
                "name": "image.png",
                "raw": PNG,
                "res_model": window._name,
                "res_id": window.id,
            }
        )
        picture.generate_access_token()
        source = source or (
            f"/web/image/{picture.id}?access_token={picture.access_token}"
        )
        window.body += Markup('<p><img alt="Map" src="%s"></p>') % source
        return picture

    def test_s11_pasted_pictures_go_with_the_email(self):
        window = self._compose()
        self._paste(window)
        data = base64.b64encode(b"GIF89a" + b"\0" * 20).decode()
        self._paste(window, f"data:image/gif;base64,{data}")
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        sources = re.findall(r'<img[^>]*src="([^"]*)"', mail.html)
        shown = [
            mail.inline_part(source.removeprefix("cid:"))
            for source in sources
            if source.startswith("cid:")
        ]
        self.assertEqual([each.content[:4] for each in shown], [PNG[:4], b"GIF8"])
        self.assertNotIn("data:image", mail.html)
        self.assertNotIn("/web/image/", mail.html)
        self.assertEqual(len(mail.attachments), 1, "the invoice alone")
        self.assertIn("Map", mail.text)
        # And the note shows it when the window is long gone.
        [note] = self._get_notes()
        window.unlink()
        sources = re.findall(r'src="(/web/image/[^"]*)"', note.body)
        self.assertEqual(len(sources), 2)
        self.env.flush_all()
        for source in sources:
            picture = self.url_open(source.replace("&amp;", "&"))
            self.assertIn(picture.content[:4], (PNG[:4], b"GIF8"))

    def test_s11_picture_that_the_user_may_not_read_is_not_sent(self):
        secret = self.env["ir.attachment"].create(
            {
                "name": "secret.png",
                "raw": PNG,
                "res_model": "res.company",
                "res_id": self.env["res.company"].create({"name": "Other"}).id,
            }
        )
        self.assertFalse(secret.with_user(self.biller).has_access("read"))
        window = self._compose()
        for source in (
            f"/web/image/{secret.id}",
            f"https://elsewhere.example/web/image/{secret.id}",
        ):
            window.body += Markup('<img src="%s">') % source
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertNotIn("cid:", mail.html)
        self.assertIn("https://elsewhere.example/web/image/", mail.html)

    def test_s3_pictures_count_in_what_the_email_may_weigh(self):
        window = self._compose()
        before = window._get_picture_size()
        self._paste(window, "data:image/png;base64," + "A" * 4_000_000)
        self.assertGreater(window._get_picture_size(), before + 3_900_000)

    # === FILES FROM THE COMPUTER === #

    def _upload(self, window, name="terms.pdf"):
        """Add a file in the window, as the web client does."""
        file = (
            self.env["ir.attachment"]
            .with_user(self.biller)
            .create(
                {
                    "name": name,
                    "raw": b"terms",
                    "res_model": window._name,
                    "res_id": window.id,
                }
            )
        )
        window.upload_ids |= file
        return file

    def test_s3_file_from_the_computer_is_attached_and_on_the_page(self):
        window = self._compose()
        file = self._upload(window)
        self.assertIn("terms.pdf", window.attached_names)
        self.assertIn("terms.pdf", window.get_email_preview()["attachments"])
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.attachments[1].content, b"terms")
        window.unlink()
        self.assertTrue(file.exists())
        link = self._get_links()
        self.assertEqual(link.document_ids, file)
        self.env.flush_all()
        self.assertIn("terms.pdf", self.url_open(link._get_path()).text)

    @mute_logger(*MAIL_LOGGERS)
    def test_s10_file_goes_with_the_window_if_nobody_got_it(self):
        window = self._compose()
        file = self._upload(window)
        with self.mailbox(**REFUSED):
            window.action_send()
        window.discard_window()
        self.assertFalse(file.exists())

    def test_s3_files_of_others_are_neither_sent_nor_moved(self):
        window = self._compose()
        document = self.env["ir.attachment"].create(
            {
                "name": "own.txt",
                "raw": b"x",
                "res_model": "account.move",
                "res_id": self.invoice.id,
            }
        )
        secret = self.env["ir.attachment"].create({"name": "secret", "raw": b"x"})
        window.sudo().upload_ids = document | secret
        with self.mailbox(**REFUSED), mute_logger(*MAIL_LOGGERS):
            window.action_send()
        window.discard_window()
        self.assertEqual(document.res_model, "account.move")
        with self.mailbox() as mailbox:
            window = self._compose()
            window.sudo().upload_ids = secret
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(len(mail.attachments), 1)

    # === CANCEL === #

    @mute_logger(*MAIL_LOGGERS)
    def test_s10_cancel_after_a_refusal_leaves_nothing(self):
        invoice = self._create_portal_invoice()
        window = self._compose(invoice)
        with self.mailbox(**REFUSED):
            window.action_send()
        window.discard_window()
        self.assertFalse(window.exists())
        self.assertFalse(
            invoice.portal_link_ids.filtered(lambda link: link.state == "live")
        )
        self.assertFalse(self._get_links(invoice))
        self.assertFalse(invoice.portal_delivery_ids)
        self.assertFalse(invoice.is_move_sent)

    def test_s10_window_of_another_is_not_closed(self):
        window = self._compose().with_user(self.salesperson)
        for method in (window.discard_window, window.get_sent_link):
            with self.assertRaises(AccessError):
                method()

    def test_s10_closing_after_sending_leaves_what_was_sent(self):
        with self.mailbox():
            window, _action = self._send()
        window.discard_window()
        self.assertTrue(self._get_links()._is_live())
        self.assertEqual(self.invoice.portal_delivery_ids.state, "sent")

    @mute_logger(*MAIL_LOGGERS)
    def test_s10_cancel_keeps_what_may_have_arrived(self):
        window = self._compose()
        with self.mailbox(drop_connection="content"):
            window.action_send()
        window.discard_window()
        self.assertEqual(self.invoice.portal_delivery_ids.state, "uncertain")
        self.assertTrue(self._get_links()._is_live())

    # === ODOO'S OWN SEND === #

    def test_s2_send_opens_this_window_where_the_company_says_so(self):
        invoice = self.invoice.with_user(self.biller)
        self.assertFalse(invoice.is_portal_send_default)
        core = invoice.action_invoice_sent()
        self.assertNotEqual(core.get("res_model"), "account.move.send.portal")
        self.company.portal_replaces_send = True
        self.assertTrue(invoice.is_portal_send_default)
        action = invoice.action_invoice_sent()
        self.assertEqual(action["res_model"], "account.move.send.portal")
        self.assertEqual(invoice.action_open_core_send(), core)

    def test_s2_send_stays_odoos_for_all_other_documents(self):
        self.company.portal_replaces_send = True
        credit_note = self.invoice._reverse_moves()
        credit_note.action_post()
        action = credit_note.with_user(self.biller).action_invoice_sent()
        self.assertNotEqual(action.get("res_model"), "account.move.send.portal")

    # === ONE NAME === #

    def test_s14_s17_pdf_has_one_name_everywhere(self):
        name = f"{self.company.name} - Invoice {self.invoice.name}.pdf"
        name = name.replace("/", "_")
        invoice = self._create_portal_invoice()
        fresh = f"{self.company.name} - Invoice {invoice.name}.pdf".replace("/", "_")
        self.assertEqual(self._compose(invoice).attached_names, fresh)
        window = self._compose()
        self.assertEqual(window.attached_names, name)
        with self.mailbox() as mailbox:
            window.action_send()
        [mail] = mailbox.messages
        self.assertEqual(mail.attachments[0].name, name)
        self.assertEqual(self.invoice.invoice_pdf_report_id.name, name)
        self.assertEqual(self.invoice._get_portal_document_filename(), name)
        report = self.env.ref("account_payment_portal.action_report_invoice")
        self.assertEqual(self.invoice._get_invoice_report_filename(report=report), name)

    def test_s17_name_of_the_pdf_is_one_on_every_system(self):
        self.company.name = 'A/S "Nord"\n: Süd*'
        invoice = self._create_portal_invoice()
        name = invoice._get_portal_document_filename()
        self.assertRegex(name, r"^A_S _Nord___ Süd_ - Invoice INV_\d+_\d+\.pdf$")
