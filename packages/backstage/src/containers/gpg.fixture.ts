import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { listenOnLoopback } from '@gantry/testkit';
import { type PolicyWorld, program } from './policy.fixture.ts';

/** Fingerprints of three keys. */
export const FINGERPRINTS: readonly [string, string, string] = ['A'.repeat(40), 'B'.repeat(40), 'C'.repeat(40)];

/** What a signature of the doubles says: the name, the key, the digest. */
export interface FakeSignature {
  readonly reference: string;
  readonly fingerprint: string;
  readonly digest: string;
}

/** The bytes of a signature that the doubles understand. */
export function signatureText({ reference, fingerprint, digest }: FakeSignature): string {
  return `${reference} ${fingerprint.slice(-16)} ${digest}\n`;
}

const SKOPEO = `
echo "$1" >> "$(dirname "$0")/skopeo.log"
fail() { echo "time=\\"now\\" level=fatal msg=\\"Error verifying signature: $1\\"" >&2; exit 1; }
[ -z "$SECRET" ] && [ "$HOME" = "$GNUPGHOME" ] || fail 'the environment is not clean'
case "$1" in
untrusted-signature-dump-without-verification)
  read -r ref key digest < "$2"
  [ -n "$key" ] || exit 1
  printf '{"UntrustedDockerReference":"%s","UntrustedShortKeyIdentifier":"%s"}' "$ref" "$key" ;;
standalone-verify)
  read -r ref key digest < "$5"
  [ "$ref" = "$3" ] || fail 'another reference'
  [ "sha256:$(sha256sum < "$2" | cut -d' ' -f1)" = "$digest" ] || fail 'another manifest'
  grep -q "^$4$" "$GNUPGHOME/ring" || fail 'no such key'
  case "$4" in *"$key") echo verified ;; *) fail 'another key' ;; esac ;;
esac`;

const GPG = `
action=list
for arg in "$@"; do
  case "$arg" in
  --import) action=import ;;
  --*) ;;
  *) if [ "$action" = import ] && [ -f "$arg" ]; then grep '^[A-F]*$' "$arg" >> "$GNUPGHOME/ring"; fi ;;
  esac
done
if [ "$action" = list ] && [ -f "$GNUPGHOME/ring" ]; then sed 's/.*/pub:-\\
fpr:::::::::&:/' "$GNUPGHOME/ring"; fi
true`;

/** Puts doubles of skopeo and gpg on the world's PATH: a key file holds fingerprints, a signature what it says, in clear. */
export async function gpgDoubles(world: PolicyWorld): Promise<void> {
  await program(world, 'skopeo', SKOPEO);
  await program(world, 'gpg', GPG);
}

/** How often skopeo was run, by its command. */
export function skopeoRuns(world: PolicyWorld): { readonly dumps: number; readonly verifications: number } {
  const file = join(world.directory, 'bin', 'skopeo.log');
  const runs = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return {
    dumps: runs.filter((run) => run.startsWith('untrusted')).length,
    verifications: runs.filter((run) => run === 'standalone-verify').length,
  };
}

/** What is left of directories for keys. */
export function leftBehind(world: PolicyWorld): readonly string[] {
  return readdirSync(world.directory).filter((name) => name.startsWith('gantry-'));
}

/** A web server with signatures, by path, and what it was asked for. `status` answers for every path. */
export async function lookasideServer(
  t: TestContext,
  files: ReadonlyMap<string, string>,
  status?: number,
): Promise<{ readonly url: string; readonly asked: readonly string[]; readonly secrets: readonly string[] }> {
  const asked: string[] = [];
  const secrets: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.headers.authorization !== undefined) secrets.push(request.headers.authorization);
    const found = files.get(request.url ?? '');
    response.writeHead(status ?? (found === undefined ? 404 : 200)).end(found);
  });
  const { address } = await listenOnLoopback(t, server);
  return { url: `http://${address}`, asked, secrets };
}
