/** One PEM block (RFC 7468): its label, and the DER in it. */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
}

const BLOCK =
  /^-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n([A-Za-z0-9+/=\r\n]*?)-----END ([A-Z0-9 ]{1,40})-----[ \t]*(?:\r?\n|$)/;

/**
 * The PEM blocks of a text that holds nothing else but white space around them. Undefined when there is something else:
 * headers, explanatory text, base64 that decodes only with leniency (C13).
 */
export function parsePem(text: string): readonly PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const match = BLOCK.exec(rest);
    if (match === null) return undefined;
    const [whole, label = '', body = '', end = ''] = match;
    const base64 = body.replaceAll(/\r?\n/g, '');
    const der = Buffer.from(base64, 'base64');
    if (label !== end || der.length === 0 || der.toString('base64') !== base64) return undefined;
    blocks.push({ label, der });
    rest = rest.slice(whole.length).trimStart();
  }
  return blocks;
}

/** The labels that stand in a text, well-formed or not, to say what somebody gave instead of what was expected. */
export function pemLabels(text: string): readonly string[] {
  return [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map(([, label = '']) => label);
}
