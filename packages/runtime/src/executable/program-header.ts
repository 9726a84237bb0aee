import { runtimeError } from '../runtime-errors.ts';

/** Bytes that {@link assertProgram} looks at. */
export const PROGRAM_HEADER_BYTES = 20;

/** `e_machine` of the ELF specification, by Node's name of the architecture. */
const ELF_MACHINES: Readonly<Record<string, number>> = {
  arm: 40,
  arm64: 183,
  ia32: 3,
  loong64: 258,
  ppc64: 21,
  riscv64: 243,
  s390x: 22,
  x64: 62,
};

const OTHER_PROGRAMS = [
  '2321', // #!
  '4d5a', // PE
  'cffaedfe', // Mach-O, 64 bit
  'cafebabe', // Mach-O, several architectures
];

/**
 * Throws `RUNTIME_NOT_STARTED` unless the file begins as something that this system executes by itself. The C library
 * hands everything else to a shell when it is asked to execute it, and no plugin is meant to be a shell's input.
 */
export function assertProgram(name: string, head: Uint8Array, architecture: string = process.arch): void {
  const hex = Buffer.from(head).toString('hex');
  if (OTHER_PROGRAMS.some((magic) => hex.startsWith(magic))) return;
  if (!hex.startsWith('7f454c46')) {
    throw runtimeError('RUNTIME_NOT_STARTED', `${name} is neither a program nor a script that begins with #!`);
  }
  const bigEndian = head[5] === 2;
  const [first = 0, second = 0] = head.subarray(18, 20);
  const machine = bigEndian ? first * 256 + second : second * 256 + first;
  const expected = ELF_MACHINES[architecture];
  if (expected !== undefined && machine !== expected) {
    throw runtimeError('RUNTIME_NOT_STARTED', `${name} is a program for another processor than ${architecture}`, {
      details: { machine, expected },
    });
  }
}
