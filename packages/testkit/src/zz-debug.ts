import { scriptedRegistry } from '/work/main/packages/testkit/src/index.ts';
import { openTransport } from '/work/main/packages/oci/src/index.ts';
const cl: any[] = [];
const r = await scriptedRegistry({ after: (w: any) => void cl.push(w) }, []);
const t = openTransport({});
const c = new AbortController(); const reason = new Error('enough');
const get = async (op: any) => { const a = await t.request({method:'GET', url: new URL('/v2/', t.baseUrl(r.address)), registry: r.address, access: [], accept: [200]}, op); console.log('ans', a.status); console.log("b", (await a.bytes(1000)).length); };
await get({});
r.script([{ nth: 1, stall: 'head', headers: () => { console.log('cancel'); c.abort(reason); return {}; } }]);
const st = performance.now();
try { await get({ signal: c.signal, onEvent: (e: any) => console.log(e) }); } catch (e) { console.log('err', e === reason, performance.now()-st, e); }
await t[Symbol.asyncDispose](); for (const w of cl) await w(); console.log('closed');
