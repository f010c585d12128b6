import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { test } from 'node:test';
import { App, Stack } from 'aws-cdk-lib';
import { Portolan, PortolanProps } from '../lib/portolan';

/** A folder of functions that do nothing. */
function code(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portolan-cdk-'));
  for (const name of ['optimize', 'plans', 'terminal', 'relay', 'solve']) {
    fs.mkdirSync(path.join(folder, name));
    fs.writeFileSync(path.join(folder, name, 'bootstrap'), name);
  }
  return folder;
}

function synth(props: Omit<PortolanProps, 'code'> = {}): any {
  const app = new App();
  const stack = new Stack(app, 'test');
  new Portolan(stack, 'Portolan', { code: code(), ...props });
  return app.synth().getStackByName('test').template;
}

test('the stack is the template, resource by resource', () => {
  const template = synth();
  const source = fs.readFileSync(path.resolve(__dirname, '../../../../template.yaml'), 'utf8');
  const resources = source.slice(source.indexOf('\nResources:'), source.indexOf('\nOutputs:'));
  const names = [...resources.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]);
  assert.ok(names.length > 40);
  assert.deepEqual(names.filter((name) => !(name in template.Resources)), []);
  assert.deepEqual(template.Transform, 'AWS::Serverless-2016-10-31');
});

test('each function runs its own code', () => {
  const { Resources: resources } = synth();
  const keys = ['Optimize', 'PlansApi', 'TerminalApi', 'Relay', 'Solve'].map((name) => JSON.stringify(resources[name].Properties.CodeUri));
  assert.equal(new Set(keys).size, 5);
  assert.ok(keys.every((key) => key.includes('Bucket') && !key.includes('target/lambda')));
});

test('properties become what the template calls parameters', () => {
  const issuer = 'https://issuer.example';
  const { Resources: resources, Conditions: conditions } = synth({ jwtIssuer: issuer, jwtAudience: ['a', 'b'], optimizeConcurrency: 7, protect: false });
  assert.deepEqual(resources.Authorizer.Properties.JwtConfiguration, { Issuer: issuer, Audience: ['a', 'b'] });
  assert.equal(resources.Optimize.Properties.ReservedConcurrentExecutions, 7);
  assert.deepEqual(conditions.IsProtected, { 'Fn::Equals': ['false', 'true'] });
});

test('queues take no more messages than can be worked on', () => {
  const { Resources: resources } = synth({ solveConcurrency: 30, urgentConcurrency: 20, optimizeProvisioned: 4 });
  const { Events: events } = resources.Solve.Properties;
  assert.equal(events.Urgent.Properties.ScalingConfig.MaximumConcurrency, 20);
  assert.equal(resources.Optimize.Properties.ProvisionedConcurrencyConfig['Fn::If'][1].ProvisionedConcurrentExecutions, 4);
  assert.throws(() => synth({ urgentConcurrency: 20 }), /solveConcurrency is 10, and its queues would take 25 messages/);
});

test('the command line takes every property, and every parameter has one', () => {
  const root = path.resolve(__dirname, '../../../..');
  const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
  const construct = read('infra/cdk/lib/portolan.ts');
  const properties = [...construct.matchAll(/^ {2}readonly (\w+)\??: .*;$/gm)].map((match) => match[1]).filter((name) => !['url', 'plans', 'template'].includes(name));
  assert.ok(properties.length > 20);
  const app = read('infra/cdk/bin/app.ts');
  assert.deepEqual(properties.filter((name) => !app.includes(`('${name}')`)), []);
  const parameters = read('template.yaml').split('\nConditions:')[0].split('\nParameters:')[1].matchAll(/^ {2}(\w+):/gm);
  const missing = [...parameters].map((match) => match[1]).filter((name) => !construct.includes(`    ${name}: `));
  assert.deepEqual(missing, []);
});
