/* person.mjs: a telephone that is called: SIP over UDP, PCMU, on 127.0.0.1. It rings, answers, is busy, declines or
 * does not answer, plays what it is given, keeps what it hears with the time of each packet. */
import dgram from 'node:dgram';

const now = () => performance.now();

export const ulawOf = (s) => {
  const sign = s < 0 ? 0x80 : 0;
  const x = Math.min(Math.abs(s), 32635) + 132;
  const e = Math.floor(Math.log2(x)) - 7;
  return ~(sign | (e << 4) | ((x >> (e + 3)) & 15)) & 255;
};
export const pcmOf = (b) => {
  const u = ~b & 255;
  const s = ((((u & 15) << 3) + 132) << ((u >> 4) & 7)) - 132;
  return u & 128 ? -s : s;
};
export const db = (s) => 10 * Math.log10(s.reduce((a, x) => a + x * x, 0) / s.length / 32768 ** 2 + 1e-10);
/* Power of one frequency in dB under a full sine. */
export const tone = (s, hz) => {
  let re = 0;
  let im = 0;
  for (let i = 0; i < s.length; i++) {
    re += s[i] * Math.cos((2 * Math.PI * hz * i) / 8000);
    im += s[i] * Math.sin((2 * Math.PI * hz * i) / 8000);
  }
  return 20 * Math.log10((2 * Math.hypot(re, im)) / s.length / 32768 + 1e-9);
};
export const sine = (hz, ms, level = 6000) =>
  Int16Array.from({ length: ms * 8 }, (_, i) => Math.round(level * Math.sin((2 * Math.PI * hz * i) / 8000)));
export const silence = (ms) => new Int16Array(ms * 8);
export const joined = (...parts) => {
  const all = new Int16Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
  return all;
};

export const bound = (port = 0) =>
  new Promise((resolve, reject) => {
    const s = dgram.createSocket('udp4');
    s.once('error', reject);
    s.bind(port, '127.0.0.1', () => resolve(s));
  });

/* What a SIP message has under a name. */
export const header = (m, name) => m.match(new RegExp(`^${name}\\s*:\\s*(.*)$`, 'im'))?.[1].trim();

/* An RTP packet with this payload. */
export const packet = (payload, { pt, marker, seq, ts, ssrc }) => {
  const h = Buffer.alloc(12);
  h[0] = 0x80;
  h[1] = (marker ? 0x80 : 0) | pt;
  h.writeUInt16BE(seq & 0xffff, 2);
  h.writeUInt32BE(ts >>> 0, 4);
  h.writeUInt32BE(ssrc, 8);
  return Buffer.concat([h, payload]);
};

/* does: answers | busy | declines | rings. after: ms of ringing before the answer. play: samples sent from the answer
 * on; key: pressed `keyAfter` ms after the answer. */
export async function person({ does = 'answers', after = 0, play = silence(0), early = null, key = null, keyAfter = 0 } = {}) {
  const sip = await bound();
  const rtp = await bound();
  const p = {
    port: sip.address().port, invites: 0, cancelled: 0, byes: 0, rangAt: 0, upAt: 0, overAt: 0, ackAt: 0,
    heard: [], play, playedAt: 0, does,
  };
  p.uri = `sip:ann@127.0.0.1:${p.port}`;
  let call = null;
  let timer = null;
  let seq = 1;
  let at = 0;
  const send = (text, to) => sip.send(text, to.port, to.address);
  const sdp = () =>
    `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${rtp.address().port} RTP/AVP 0 101\r\n` +
    'a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n';
  const reply = (c, m, status, words, body = '') => {
    const vias = m.match(/^via\s*:.*$/gim).join('\r\n');
    const to = header(m, 'To');
    send(
      `SIP/2.0 ${status} ${words}\r\n${vias}\r\nFrom: ${header(m, 'From')}\r\nTo: ${to}${/tag=/.test(to) ? '' : ';tag=person'}\r\n` +
        `Call-ID: ${header(m, 'Call-ID')}\r\nCSeq: ${header(m, 'CSeq')}\r\nContact: <${p.uri}>\r\n` +
        (body ? 'Content-Type: application/sdp\r\n' : '') + `Content-Length: ${body.length}\r\n\r\n${body}`,
      c.peer,
    );
  };
  const emit = (payload, pt, marker, ts) =>
    rtp.send(packet(payload, { pt, marker, seq: seq++, ts, ssrc: 0x12345678 }), call.rtpPort, '127.0.0.1');
  const speakOn = () => {
    const from = now();
    let n = 0;
    at = 0;
    p.playedAt = from;
    clearInterval(timer);
    timer = setInterval(() => {
      for (; n * 20 <= now() - from; n++) {
        const b = Buffer.alloc(160, 0xff);
        for (let i = 0; i < 160 && at < p.play.length; i++) b[i] = ulawOf(p.play[at++]);
        emit(b, 0, n === 0, n * 160);
      }
    }, 5);
  };
  const press = (digit) => {
    const ts = 90000 + seq * 160;
    const code = '0123456789*#'.indexOf(digit);
    for (let i = 1; i <= 8; i++)
      setTimeout(() => call && emit(Buffer.from([code, (i > 5 ? 0x80 : 0) | 10, 0, Math.min(i, 6) * 160 & 255]), 101, i === 1, ts), i * 20);
  };
  const answer = () => {
    if (!call || call.over) return;
    p.upAt = now();
    reply(call, call.invite, 200, 'OK', sdp());
    speakOn();
    if (key) setTimeout(() => press(key), keyAfter);
  };
  const over = () => {
    if (call) call.over = true;
    clearInterval(timer);
    p.overAt = now();
  };
  rtp.on('message', (b) => {
    if ((b[1] & 127) !== 0) return;
    p.heard.push({ at: now(), ts: b.readUInt32BE(4), s: Int16Array.from(b.subarray(12), pcmOf) });
  });
  sip.on('message', (buf, peer) => {
    const m = buf.toString();
    const method = m.split(' ')[0];
    const c = { peer };
    if (method === 'INVITE') {
      if (call && header(m, 'Call-ID') === call.id && !call.over) return; // a repeat
      p.invites++;
      p.rangAt = now();
      call = { peer, invite: m, id: header(m, 'Call-ID'), rtpPort: Number(m.match(/^m=audio (\d+)/m)[1]), over: false };
      reply(call, m, 100, 'Trying');
      if (p.does === 'busy') return reply(call, m, 486, 'Busy Here');
      if (p.does === 'declines') return reply(call, m, 603, 'Decline');
      if (early) {
        p.play = early;
        reply(call, m, 183, 'Session Progress', sdp());
        speakOn();
      } else {
        reply(call, m, 180, 'Ringing');
      }
      if (p.does === 'answers') setTimeout(() => { if (early) p.play = play; answer(); }, after);
    } else if (method === 'CANCEL') {
      p.cancelled++;
      reply(c, m, 200, 'OK');
      reply(call, call.invite, 487, 'Request Terminated');
      over();
    } else if (method === 'BYE') {
      p.byes++;
      reply(c, m, 200, 'OK');
      over();
    } else if (method === 'ACK') {
      p.ackAt ||= now();
    } else if (/^(OPTIONS|INFO|UPDATE)$/.test(method)) {
      reply(c, m, 200, 'OK');
    }
  });
  p.press = press;
  p.hangUp = () => {
    if (!call || call.over) return;
    const from = header(call.invite, 'From');
    const to = header(call.invite, 'To');
    send(
      `BYE ${header(call.invite, 'Contact').replace(/[<>]/g, '')} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${p.port};branch=z9hG4bKbye${seq}\r\n` +
        `From: ${to};tag=person\r\nTo: ${from}\r\nCall-ID: ${call.id}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`,
      call.peer,
    );
    over();
  };
  p.again = () => {
    p.heard = [];
    p.invites = p.cancelled = p.byes = 0;
    p.upAt = p.overAt = p.ackAt = p.rangAt = 0;
    call = null;
  };
  p.close = () => {
    clearInterval(timer);
    sip.close();
    rtp.close();
  };
  /* ms from a time until the first packet louder than level; null = none. */
  p.firstLoud = (since, level = -45) => {
    const x = p.heard.find((f) => f.at >= since && db(f.s) > level);
    return x ? x.at - since : null;
  };
  return p;
}
