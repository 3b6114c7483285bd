"""Talks to Odoo as its web client does: logs in, calls methods of models."""

import requests


class OdooError(Exception):
    """What Odoo answered instead of a result."""


class Client:
    """A session of one user.

    :param str url: Odoo's address
    :param int timeout: seconds that an answer may take
    """

    def __init__(self, url, timeout=120):
        self.url = url
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False  # No proxy: it is on this machine.

    def login(self, database, login, password):
        """Open the session.

        :raise OdooError: if the user or the password is wrong
        """
        self._post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": password},
        )

    def call(self, model, method, *args, **kwargs):
        """Call a public method.

        :param str model: the model's name
        :param args: for a method of records, their ids first
        :return: what the method returns
        :raise OdooError: if it raises
        """
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def _post(self, path, params):
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        response = self.session.post(self.url + path, json=body, timeout=self.timeout)
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            data = answer["error"].get("data", {})
            raise OdooError(data.get("debug") or data.get("message") or str(answer))
        return answer.get("result")
