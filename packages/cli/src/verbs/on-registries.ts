// Loaded as one: verbs that ask registries need much the same, and few large files load faster than many small ones.
export { copy } from './copy.ts';
export { deleteReference } from './delete.ts';
export { doctor } from './doctor.ts';
export { inspect } from './inspect.ts';
export { install } from './install.ts';
export { loginVerb, logoutVerb } from './login.ts';
export { outdated } from './outdated.ts';
export { pull } from './pull.ts';
export { push } from './push.ts';
export { referrers } from './referrers.ts';
export { tag } from './tag.ts';
export { tags } from './tags.ts';
export { update } from './update.ts';
