/* Articles as elements (never as HTML text), with one quote highlighted. */
import type { ComponentChildren } from 'preact';
import { Fragment } from 'preact';
import { findQuote, parseBlocks, type Block } from '../lib/blocks.ts';

function inline(text: string): ComponentChildren[] {
  return text.split(/(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|`[^`]+`)/).map((part, n) => {
    if (part.startsWith('**') && part.length > 4) return <b key={n}>{part.slice(2, -2)}</b>;
    if (part.startsWith('`') && part.length > 2) return <code key={n}>{part.slice(1, -1)}</code>;
    if (/^\*[^*]+\*$/.test(part)) return <em key={n}>{part.slice(1, -1)}</em>;
    return <Fragment key={n}>{part}</Fragment>;
  });
}

function Marked({ text, quote }: { text: string; quote: string }) {
  const hit = quote ? findQuote(text, quote) : null;
  if (!hit) return <>{inline(text)}</>;
  return (
    <>
      {inline(text.slice(0, hit[0]))}
      <mark data-test="highlight">{inline(text.slice(hit[0], hit[1]))}</mark>
      {inline(text.slice(hit[1]))}
    </>
  );
}

export function Markdown({ md, quote = '' }: { md: string; quote?: string }) {
  return (
    <div class="md">
      {parseBlocks(md).map((b, n) => (
        <One key={n} b={b} quote={quote} />
      ))}
    </div>
  );
}

function One({ b, quote }: { b: Block; quote: string }) {
  const m = (text: string) => <Marked text={text} quote={quote} />;
  switch (b.type) {
    case 'h':
      return b.level <= 2 ? <h2>{m(b.text)}</h2> : <h3>{m(b.text)}</h3>;
    case 'ul':
      return <ul>{b.items.map((x, n) => <li key={n}>{m(x)}</li>)}</ul>;
    case 'ol':
      return <ol>{b.items.map((x, n) => <li key={n}>{m(x)}</li>)}</ol>;
    case 'quote':
      return <blockquote>{m(b.text)}</blockquote>;
    case 'code':
      return <pre>{b.text}</pre>;
    case 'table':
      return (
        <div class="md-table">
          <table>
            <tbody>
              {b.rows.map((r, n) => (
                <tr key={n}>{r.map((c, k) => (n ? <td key={k}>{m(c)}</td> : <th key={k}>{m(c)}</th>))}</tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    default:
      return <p>{m(b.text)}</p>;
  }
}
