/** Systems that keep keys, as cosign names them. */
const KEY_SERVICE = /^(?:awskms|gcpkms|azurekms|hashivault|k8s|gitlab|github|env):\/\/|^pkcs11:|^sk:/;

/** The scheme of a key that is kept by a system instead of a file, such as `awskms://`; undefined for a path. */
export function keyService(name: string): string | undefined {
  return KEY_SERVICE.exec(name)?.[0];
}
