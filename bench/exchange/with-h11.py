# h11, for the order of magnitude: what a protocol without I/O costs in another language. Answers as the other peers do, in lines of JSON.

import base64
import json
import sys
import time

try:
    import h11
except ImportError:
    h11 = None


class Received:
    def __init__(self):
        self.start, self.strings, self.body = '', 0, 0

    def take(self, connection):
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return False
            if isinstance(event, h11.Request):
                self.start, self.strings, self.body = event.target.decode('latin1'), 2 * len(event.headers), 0
            elif isinstance(event, h11.Response):
                self.start, self.strings, self.body = event.status_code, 2 * len(event.headers), 0
            elif isinstance(event, h11.Data):
                self.body += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return True
            else:
                raise Exception('Cannot measure: %r' % event)


class Exchange:
    def __init__(self, work):
        self.role = work['role']
        self.request, self.upload, self.response, self.download = (
            None if work[name] is None else base64.b64decode(work[name])
            for name in ('request', 'upload', 'response', 'download')
        )
        self.server = h11.Connection(h11.SERVER, max_incomplete_event_size=16384)
        self.client = h11.Connection(h11.CLIENT, max_incomplete_event_size=16384)
        self.asked, self.answered = Received(), Received()

    def serve(self, data):
        server = self.server
        server.receive_data(data)
        if not self.asked.take(server):
            return b''
        size = str(len(self.download))
        out = server.send(h11.Response(status_code=200, headers=[('Content-Type', 'text/plain'), ('Content-Length', size)]))
        out += server.send(h11.Data(data=self.download)) + server.send(h11.EndOfMessage())
        server.start_next_cycle()
        return out

    def ask(self):
        headers = [('Host', 'www.example.com:80')]
        if self.upload is not None:
            headers.append(('Content-Length', str(len(self.upload))))
        method = 'GET' if self.upload is None else 'POST'
        out = self.client.send(h11.Request(method=method, target='/hello', headers=headers))
        if self.upload is not None:
            out += self.client.send(h11.Data(data=self.upload))
        return out + self.client.send(h11.EndOfMessage())

    def read(self, data):
        self.client.receive_data(data)
        if self.answered.take(self.client):
            self.client.start_next_cycle()

    def run(self):
        if self.role == 'server':
            return self.serve(self.request)
        if self.role == 'client':
            self.ask()
            return self.read(self.response)
        return self.read(self.serve(self.ask()))

    def check(self):
        out = self.run()
        asked, answered = vars(self.asked), vars(self.answered)
        if self.role == 'server':
            answered = {'start': out[:12].decode('latin1'), 'body': len(out) - (out.index(b'\r\n\r\n') + 4)}
        elif self.role == 'client':
            asked = None
        else:
            asked, answered = dict(asked, strings=0), dict(answered, strings=0)
        return json.dumps({'request': asked, 'response': answered}, separators=(',', ':'))


def measure(run, milliseconds):
    start = time.process_time_ns()
    runs = 0
    while True:
        for _ in range(50):
            run()
        runs += 50
        spent = time.process_time_ns() - start
        if spent >= milliseconds * 1e6:
            return spent / runs


exchanges = {}
for line in sys.stdin:
    question = json.loads(line)
    work = question['work']
    try:
        if work not in exchanges:
            exchanges[work] = Exchange(question['data'])
        exchange = exchanges[work]
        milliseconds = question['milliseconds']
        said = {'answer': exchange.check() if milliseconds == 0 else measure(exchange.run, milliseconds)}
    except Exception as error:
        said = {'error': 'h11 is not installed: apt-get install python3-h11' if h11 is None else str(error), 'absent': h11 is None}
    print(json.dumps(said), flush=True)
