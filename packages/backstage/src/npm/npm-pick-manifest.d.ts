declare module 'npm-pick-manifest' {
  /** The manifest of a version that a document has for a version, range or tag; throws errors with npm's codes. */
  export default function pickManifest(
    document: object,
    wanted: string | null,
    options: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>>;
}
