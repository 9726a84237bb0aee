import { testExamples } from '@gantry/testkit';

testExamples(new URL('../README.md', import.meta.url), (specifier) => import.meta.resolve(specifier));
