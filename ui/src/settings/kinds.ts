/* Kinds of events as somebody writes them: blanks, commas or lines between; each once. */
export const kindsOf = (text: string): string[] => [...new Set(text.split(/[\s,，、]+/).filter(Boolean))];
