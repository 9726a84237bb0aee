import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import {
  configFlags,
  connectionFlags,
  distinctKeyValue,
  keyValue,
  platformFlag,
  registryFlags,
  repeated,
  rootFlag,
  runs,
  verb,
} from './command-line.ts';

/** The verbs about who signed what: keys, signatures, policies and trust roots. */
export function addTrust(program: Command, context: Context): void {
  const key = program.command('key').description('keys that sign');
  const generate = verb(key, {
    usage: 'generate',
    summary: 'make a key pair: PREFIX.key, encrypted as cosign does it, and PREFIX.pub',
    detail: 'The password comes from COSIGN_PASSWORD, which may be empty, else it is asked for.',
    examples: ['gantry key generate', 'gantry key generate --output release'],
  })
    .option('--output <prefix>', 'where the files go, without .key and .pub', 'gantry')
    .option('--force', 'overwrite the files when they are there');
  runs(generate, context, async () => (await import('../verbs/key-generate.ts')).keyGenerate);

  addSign(program, context);
  addVerify(program, context);

  const trust = program.command('trust').description('policies and trust roots');
  const explain = configFlags(
    verb(trust, {
      usage: 'explain <ref>',
      summary: 'print the policy that answers for a reference, and where each part comes from',
      examples: ['gantry trust explain 127.0.0.1:5000/acme/hello:1.0'],
    }),
  );
  runs(explain, context, async () => (await import('../verbs/trust-explain.ts')).trustExplain);
  const update = connectionFlags(
    verb(trust, {
      usage: 'update',
      summary: 'renew the trust roots that come through TUF',
      examples: ['gantry trust update'],
    }),
  );
  runs(update, context, async () => (await import('../verbs/trust-update.ts')).trustUpdate);
}

function addSign(program: Command, context: Context): void {
  const sign = registryFlags(
    verb(program, {
      usage: 'sign <ref>',
      summary: 'sign what a reference names, by its digest',
      detail:
        'The password of the key comes from COSIGN_PASSWORD, which may be empty, else it is asked for. An identity ' +
        'token comes from --identity-token, SIGSTORE_ID_TOKEN, or the token endpoint of GitHub Actions.',
      examples: [
        'gantry sign 127.0.0.1:5000/acme/hello:1.0 --key gantry.key',
        'gantry sign 127.0.0.1:5000/acme/hello:1.1 --key gantry.key --recursive -a released-by=ci --format both',
      ],
    }),
  )
    .option('--key <file>', 'private key (PEM); without it the signature is keyless, by an identity token')
    .option('--identity-token <token|@file>', 'OpenID Connect token of the signer')
    .option('--signing-config <file>', 'services that take part (signing_config.json); default: the public ones')
    .option('--trusted-root <file>', 'trust root of those services (trusted_root.json)')
    .addOption(
      new Option('--format <format>', 'how signatures are stored')
        .choices(['bundle', 'cosign-v2', 'both'])
        .default('bundle'),
    )
    .option('--recursive', 'sign the manifests of an index as well')
    .option('-a, --annotation <key=value>', 'claim that is signed too; may be repeated', keyValue);
  runs(sign, context, async () => (await import('../verbs/sign.ts')).sign);
}

function addVerify(program: Command, context: Context): void {
  const verify = rootFlag(
    platformFlag(
      registryFlags(
        verb(program, {
          usage: 'verify [ref]',
          summary: 'say who signed what a reference names, or refuse it',
          detail:
            'Without a key and an identity the trust entries of gantry.yaml decide. With them nothing else does; a key ' +
            'or --trusted-root asks no TUF repository.',
          examples: [
            'gantry verify 127.0.0.1:5000/acme/hello:1.0 --key gantry.pub',
            'gantry verify 127.0.0.1:5000/acme/hello:1.1 --key gantry.pub -a released-by=ci --subject platform --json',
            'gantry verify --installed',
          ],
        }),
      ),
    ),
  )
    .option('--key <file>', 'public key that may have signed (PEM); may be repeated', repeated)
    .option('--certificate-identity <text>', 'identity that has to have signed, exactly')
    .option('--certificate-identity-regexp <regexp>', 'the same as a regular expression for the whole identity')
    .option('--certificate-oidc-issuer <url>', 'who has to vouch for the identity, exactly')
    .option('--certificate-oidc-issuer-regexp <regexp>', 'the same as a regular expression for the whole issuer')
    .option('--trusted-root <file>', 'trust root (trusted_root.json) instead of the public one')
    .option('-a, --annotation <key=value>', 'claim that has to be signed; may be repeated', distinctKeyValue)
    .addOption(new Option('--log <what>', 'entry in a transparency log').choices(['required', 'none']))
    .addOption(new Option('--timestamp <from>', 'trusted time of signing').choices(['log', 'tsa', 'any', 'none']))
    .option('--no-ct', 'accept certificates that no certificate transparency log has seen')
    .addOption(
      new Option('--subject <what>', 'which of them has to be signed').choices(['index', 'platform', 'either']),
    )
    .option('--installed [name]', 'judge the evidence of what is installed again, without network');
  runs(verify, context, async () => (await import('../verbs/verify.ts')).verify);
}
