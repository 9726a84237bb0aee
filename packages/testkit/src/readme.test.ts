import { testExamples } from './readme-examples.ts';

testExamples(new URL('../README.md', import.meta.url), (specifier) => import.meta.resolve(specifier));
