import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressKind, addressKind, isLoopbackHost, unmapAddress } from './addresses.ts';

const KINDS: Readonly<Record<AddressKind, readonly string[]>> = {
  public: [
    '93.184.216.34',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '2606:2800:220:1::1',
    '64:ff9b::808:808',
  ],
  private: [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    'fd00::1',
    '64:ff9b:1::808:808',
    '::ffff:10.0.0.1',
  ],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  never: [
    '0.0.0.0',
    '169.254.169.254',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '::7f00:1',
    '::ffff:0:a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fd00:ec2::254',
    '100.100.100.200',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    '2001::1',
    'not an address',
  ],
};

for (const [kind, addresses] of Object.entries(KINDS)) {
  test(`A1, A12: ${kind} addresses`, () => {
    for (const address of addresses) assert.equal(addressKind(address), kind, address);
  });
}

test('an IPv4 address has one spelling, also inside IPv6', () => {
  assert.equal(unmapAddress('[::FFFF:127.0.0.1]'), '127.0.0.1');
  assert.equal(unmapAddress('::ffff:a9fe:a9fe'), '169.254.169.254');
  assert.equal(unmapAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
  assert.equal(unmapAddress('registry.example'), 'registry.example');
  // Hosts of their own behind a gateway, not the gateway's IPv4 address.
  for (const host of ['2002:c000:204::5', '64:ff9b::a00:1', '::a00:1']) assert.equal(unmapAddress(host), host);
});

test('A13: loopback is a literal, not a part of a name', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]']) {
    assert.equal(isLoopbackHost(host), true, host);
  }
  for (const host of [
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    'x.local',
    'localhost.',
    'LOCALHOST.',
    '0x7f.1',
    '2130706433',
    '127.1',
    '64:ff9b::7f00:1',
  ]) {
    assert.equal(isLoopbackHost(host), false, host);
  }
});
