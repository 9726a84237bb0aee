import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * What may be dialled for whom (see {@link mayDial}). `never`: link-local, cloud metadata, unspecified, multicast,
 * reserved.
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'never';

let lists: { readonly never: BlockList; readonly loopback: BlockList; readonly private: BlockList } | undefined;

/** The kind of an IPv4 or IPv6 address; IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) counts as the IPv4 one. */
export function addressKind(address: string): AddressKind {
  const outer = unmapAddress(address);
  const plain = innerAddress(outer);
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
  lists ??= buildLists();
  if (isIP(plain) === 0 || lists.never.check(plain, family)) return 'never';
  // A gateway has no business with loopback, and what goes through it leaves this machine.
  if (lists.loopback.check(plain, family)) return plain === outer ? 'loopback' : 'never';
  return lists.private.check(plain, family) ? 'private' : 'public';
}

/**
 * One spelling: without brackets and scope id, IPv6 in its shortest form, an IPv4-mapped address, which is dialled over
 * IPv4, as dotted decimal. What is not an address stays as it is.
 */
export function unmapAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIP(bare) !== 6) return bare;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  return high === undefined || low === undefined ? canonical : dotted([parseInt(high, 16), parseInt(low, 16)]);
}

/** Where packets to an unmapped address end: a gateway may take an IPv4 address out of it and send on to that. */
function innerAddress(plain: string): string {
  const embedded = isIP(plain) === 6 ? embeddedIPv4(groupsOf(plain)) : undefined;
  return embedded === undefined ? plain : dotted(embedded);
}

function dotted(groups: readonly [number, number]): string {
  return groups.flatMap((group) => [group >> 8, group & 255]).join('.');
}

/** True for `localhost`, 127.0.0.0/8 and ::1 as somebody wrote them; no other name or spelling counts as loopback. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare.toLowerCase() === 'localhost' || (isIP(bare) !== 0 && addressKind(bare) === 'loopback');
}

function groupsOf(canonical: string): number[] {
  const [head = '', tail] = canonical.split('::');
  const parse = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function embeddedIPv4(groups: readonly number[]): readonly [number, number] | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const startsWithZeros = a === 0 && b === 0 && c === 0 && d === 0;
  // Compatible form; :: and ::1 are addresses of their own.
  if (startsWithZeros && e === 0 && f === 0 && g !== 0) return [g, h];
  if (startsWithZeros && e === 0xffff && f === 0) return [g, h];
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return [g, h];
  if (a === 0x2002) return [b, c];
  return undefined;
}

function buildLists(): NonNullable<typeof lists> {
  const list = (...subnets: readonly string[]): BlockList => {
    const result = new BlockList();
    for (const subnet of subnets) {
      const [network = '', prefix = ''] = subnet.split('/');
      result.addSubnet(network, Number(prefix), isIPv4(network) ? 'ipv4' : 'ipv6');
    }
    return result;
  };
  return {
    never: list(
      '0.0.0.0/8',
      '169.254.0.0/16',
      // Metadata services outside link-local: Alibaba, Oracle, Amazon over IPv6.
      '100.100.100.200/32',
      '192.0.0.0/24',
      'fd00:ec2::254/128',
      '192.0.2.0/24',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '224.0.0.0/4',
      '240.0.0.0/4',
      '::/128',
      'fe80::/10',
      'ff00::/8',
      '100::/64',
      '2001::/32',
      '2001:db8::/32',
    ),
    loopback: list('127.0.0.0/8', '::1/128'),
    private: list(
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10',
      'fc00::/7',
      'fec0::/10',
      // NAT64 within an organisation (RFC 8215).
      '64:ff9b:1::/48',
    ),
  };
}
