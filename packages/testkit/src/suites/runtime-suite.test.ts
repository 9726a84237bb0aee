import { loadPlugin } from '@gantry/runtime';
import { assemblePlugin, ECHO } from '../../../runtime/src/wat.fixture.ts';
import { installArtifact } from '../install-artifact.ts';
import { executableLayer, wasmLayer } from '../sample-plugins.ts';
import { runtimeSuite, type SpecimenBehaviour } from './runtime-suite.ts';

const scripts: Readonly<Record<SpecimenBehaviour, string>> = {
  echo: '#!/bin/sh\nexec cat\n',
  fail: '#!/bin/sh\nexit 3\n',
  endless: '#!/bin/sh\nwhile :; do :; done\n',
};

runtimeSuite('an executable', async (t) => ({
  runtime: { load: loadPlugin },
  specimen: async (behaviour) => ({
    installed: await installArtifact(t, { layers: [executableLayer(scripts[behaviour])] }),
    name: '',
  }),
}));

const modules: Readonly<Record<SpecimenBehaviour, string>> = {
  echo: ECHO,
  fail: '(func (export "fail") (result i32) unreachable)',
  endless: '(func (export "endless") (result i32) (loop $again (br $again)) (i32.const 0))',
};

runtimeSuite('a Wasm plugin', async (t) => ({
  runtime: { load: loadPlugin },
  specimen: async (behaviour) => ({
    installed: await installArtifact(t, { layers: [wasmLayer(assemblePlugin(modules[behaviour]))] }),
    name: behaviour,
  }),
}));
