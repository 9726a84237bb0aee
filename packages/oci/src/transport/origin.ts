/** `https://host:port` or `http://host:port`, lower-case, the port always written: the unit of trust for credentials. */
export type Origin = `${'http' | 'https'}://${string}:${number}`;
