/* The embeddable chat button:
 *
 *   <script src="https://calls.example.com/widget.js" defer
 *           data-lang="en" data-side="right" data-color="#4353d0"></script>
 *
 * Draws a round button in a shadow root (the host page's styles stay out, ours
 * stay in) and opens /chat of the script's own server in an iframe. Styles are
 * constructed sheets, so a strict style-src on the host page does not matter. */

const script = document.currentScript as HTMLScriptElement | null;
const opt = script?.dataset ?? {};
const base = new URL(script?.src ?? location.href).origin;
const zh = (opt['lang'] ?? navigator.language).toLowerCase().startsWith('zh');
const words = zh
  ? { open: '打开在线客服', close: '关闭在线客服', title: '在线客服' }
  : { open: 'Open chat', close: 'Close chat', title: 'Chat' };
const color = /^#[0-9a-f]{3,8}$/i.test(opt['color'] ?? '') ? opt['color']! : '#4353d0';
const side = opt['side'] === 'left' ? 'left' : 'right';

const css = `
:host { all: initial; position: fixed; ${side}: 20px; bottom: 20px; z-index: 2147483000; }
button {
  display: grid; place-items: center; width: 56px; height: 56px; border: 0; padding: 0;
  border-radius: 50%; color: #fff; background: ${color}; cursor: pointer;
  box-shadow: 0 6px 22px rgb(16 24 40 / 28%); transition: transform .15s;
}
button:hover { transform: scale(1.05); }
button:focus-visible { outline: 3px solid ${color}; outline-offset: 3px; }
svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; stroke-linejoin: round; }
iframe {
  position: fixed; ${side}: 20px; bottom: 88px; width: 384px; height: min(640px, 100dvh - 108px);
  border: 0; border-radius: 18px; background: #fff; color-scheme: normal;
  box-shadow: 0 14px 48px rgb(16 24 40 / 30%);
}
iframe[hidden] { display: none; }
@media (max-width: 480px) {
  iframe { inset: 0 0 auto 0; width: 100%; height: calc(100dvh - 84px); border-radius: 0; }
}
@media (prefers-reduced-motion: reduce) { button { transition: none; } }
`;

const PATH = {
  chat: 'M21 11.5a8 8 0 0 1-11.6 7.1L4 20l1.4-4.6A8 8 0 1 1 21 11.5Z',
  close: 'M6 6l12 12M18 6 6 18',
};
const SVG = 'http://www.w3.org/2000/svg';

function mount(): void {
  const host = document.createElement('div');
  host.id = 'callm-widget';
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  const path = document.createElementNS(SVG, 'path');
  svg.append(path);
  const button = document.createElement('button');
  button.type = 'button';
  button.append(svg);
  root.append(button);
  document.body.append(host);

  let frame: HTMLIFrameElement | null = null;
  const show = (open: boolean): void => {
    if (open && !frame) {
      frame = document.createElement('iframe');
      frame.src = `${base}/chat?embed=1&lang=${zh ? 'zh' : 'en'}`;
      frame.title = words.title;
      root.prepend(frame);
    }
    if (frame) frame.hidden = !open;
    path.setAttribute('d', open ? PATH.close : PATH.chat);
    button.setAttribute('aria-label', open ? words.close : words.open);
    button.setAttribute('aria-expanded', String(open));
    if (open) frame?.focus();
  };
  button.addEventListener('click', () => show(frame === null || Boolean(frame.hidden)));
  host.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || !frame || frame.hidden) return;
    show(false);
    button.focus();
  });
  show(false);
}

if (!document.getElementById('callm-widget')) {
  if (document.body) mount();
  else addEventListener('DOMContentLoaded', mount);
}
