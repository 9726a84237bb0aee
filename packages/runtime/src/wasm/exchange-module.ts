/** The binary form of exchange.wat; a test assembles that file and compares. */
export const EXCHANGE_MODULE: Uint8Array<ArrayBuffer> = Uint8Array.from(
  Buffer.from(
    'AGFzbQEAAAABGwVgAX4Bf2ACfn4Bf2ABfgF+YAJ+fwBgAn5+AAIQAQRob3N0Bm1lbW9yeQIAAAMJCAABAAIDBAACBgsCfgFCAAt+' +
      'AUIACwdsCAxpbnB1dF9vZmZzZXQDAAxpbnB1dF9sZW5ndGgDAQdsb2FkX3U4AAIIbG9hZF91NjQAAwhzdG9yZV91OAAECXN0b3Jl' +
      'X3U2NAAFDWlucHV0X2xvYWRfdTgABg5pbnB1dF9sb2FkX3U2NAAHCnUIEQAgAEIgiEIAUgRAAAsgAKcLHQAgACMBVgRAAAsgACAB' +
      'fCMBVgRAAAsjACAAfKcLCQAgABAALQAACwkAIAAQACkAAAsLACAAEAAgAToAAAsLACAAEAAgATcAAAsLACAAQgEQAS0AAAsLACAA' +
      'QggQASkAAAs=',
    'base64',
  ),
);
