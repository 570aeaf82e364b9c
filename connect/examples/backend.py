# CONNECT_TOKEN=… python3 backend.py
import json, os, pathlib, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONNECT = os.environ.get("CONNECT_URL", "http://127.0.0.1:8084")
PAGE = pathlib.Path(__file__).with_name("page.html").read_text()

class Backend(BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, PAGE.replace("http://127.0.0.1:8084", CONNECT).encode())

    def do_POST(self):
        tenant = {"id": "customer-1", "name": "Customer One"}  # of your sign-in, never of the request
        headers = {"Authorization": f"Bearer {os.environ['CONNECT_TOKEN']}", "Content-Type": "application/json"}
        body = json.dumps({"tenant": tenant, "channel": "hub"}).encode()
        request = urllib.request.Request(f"{CONNECT}/v1/link-sessions", body, headers, method="POST")
        with urllib.request.urlopen(request) as answer:
            self.answer(answer.status, answer.read())

ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Backend).serve_forever()
