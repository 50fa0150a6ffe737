/* story_phone.mjs: a customer's telephone: SIP over UDP and PCMU on 127.0.0.1, with the customer's own number. It
 * dials, says sound files, presses keys, hears, hangs up or is hung up on. */
import { randomBytes } from 'node:crypto';
import { until } from './lib.mjs';
import { bound, header, packet, ulawOf } from './person.mjs';

class Phone {
  constructor(target, number, sip, rtp) {
    [this.host, this.port] = target.split(':');
    Object.assign(this, { number, sip, rtp, cseq: 1, seq: 1, ts: 0, queue: [], up: false, over: false, heard: 0 });
    this.id = randomBytes(12).toString('hex');
    this.tag = randomBytes(6).toString('hex');
    this.uri = `sip:service@${target}`;
    sip.on('message', (b) => this.signal(b.toString()));
    rtp.on('message', (b) => {
      if ((b[1] & 127) === 0) this.heard++;
    });
  }

  lines(method, to, branch, cseq, body = '') {
    const at = `127.0.0.1:${this.sip.address().port}`;
    return `${method} ${this.remote ?? this.uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${at};branch=z9hG4bK${branch}\r\n` +
      `From: <sip:${this.number}@127.0.0.1>;tag=${this.tag}\r\nTo: ${to}\r\nCall-ID: ${this.id}\r\n` +
      `CSeq: ${cseq} ${method}\r\nContact: <sip:${this.number}@${at}>\r\nMax-Forwards: 70\r\n` +
      `${body ? 'Content-Type: application/sdp\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`;
  }

  send(text) {
    this.sip.send(text, Number(this.port), this.host);
  }

  dial() {
    const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n' +
      `m=audio ${this.rtp.address().port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n`;
    this.branch = randomBytes(6).toString('hex');
    this.send(this.lines('INVITE', `<${this.uri}>`, this.branch, this.cseq, sdp));
  }

  signal(m) {
    const method = m.split(' ')[0];
    if (method === 'SIP/2.0') {
      if (!/INVITE/.test(header(m, 'CSeq')) || Number(m.split(' ')[1]) < 200) return;
      this.answered(m);
    } else {
      const vias = m.match(/^via\s*:.*$/gim).join('\r\n');
      this.send(`SIP/2.0 200 OK\r\n${vias}\r\nFrom: ${header(m, 'From')}\r\nTo: ${header(m, 'To')}\r\n` +
        `Call-ID: ${this.id}\r\nCSeq: ${header(m, 'CSeq')}\r\nContent-Length: 0\r\n\r\n`);
      if (method === 'BYE') this.end();
    }
  }

  answered(m) {
    this.status = Number(m.split(' ')[1]);
    this.to = header(m, 'To');
    const ok = this.status === 200;
    this.remote = ok ? header(m, 'Contact').replace(/^.*<|>.*$/g, '') : undefined;
    this.send(this.lines('ACK', this.to, ok ? randomBytes(6).toString('hex') : this.branch, this.cseq));
    if (!ok) return this.end();
    if (this.up) return;
    this.up = true;
    this.rtpPort = Number(m.match(/^m=audio (\d+)/m)[1]);
    this.clock(performance.now());
  }

  emit(payload, pt, marker, ts) {
    this.rtp.send(packet(payload, { pt, marker, seq: this.seq++, ts, ssrc: 0x5107e551 }), this.rtpPort, this.host);
  }

  clock(from) {
    let n = 0;
    this.timer = setInterval(() => {
      for (; n * 20 <= performance.now() - from; n++) {
        this.ts = n * 160;
        const s = this.queue.splice(0, 160);
        const b = Buffer.alloc(160, 0xff);
        for (let i = 0; i < s.length; i++) b[i] = ulawOf(s[i]);
        this.emit(b, 0, n === 0, this.ts);
      }
    }, 5);
  }

  /* Resolves when all of it was said. */
  async say(samples) {
    for (const x of samples) this.queue.push(x);
    await until('the words to be said', () => this.over || this.queue.length === 0, 30000);
  }

  /* RFC 4733: 100 ms each, 60 ms between. */
  async press(keys) {
    for (const key of keys) {
      const code = '0123456789*#'.indexOf(key);
      const ts = this.ts;
      for (let i = 1; i <= 8 && !this.over; i++) {
        this.emit(Buffer.from([code, (i > 5 ? 0x80 : 0) | 10, (Math.min(i, 6) * 160) >> 8, (Math.min(i, 6) * 160) & 255]), 101, i === 1, ts);
        await new Promise((r) => setTimeout(r, 20));
      }
      await new Promise((r) => setTimeout(r, 60));
    }
  }

  hangUp() {
    if (this.over) return;
    this.send(this.lines('BYE', this.to, randomBytes(6).toString('hex'), ++this.cseq));
    this.end();
  }

  end() {
    this.over = true;
    clearInterval(this.timer);
  }

  close() {
    this.end();
    this.sip.close();
    this.rtp.close();
  }
}

/* target: HOST:PORT of the server; number: who calls. Resolves when it is answered. */
export async function dial(target, number) {
  const p = new Phone(target, number, await bound(), await bound());
  p.dial();
  await until('the call to be answered', () => p.up || p.over, 10000);
  if (!p.up) throw new Error(`the call was refused: ${p.status}`);
  return p;
}
