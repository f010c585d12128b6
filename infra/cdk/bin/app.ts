// Deploys Portolan by itself: cdk deploy -c code=../../target/lambda -c jwtIssuer=https://… Values are those of PortolanProps.
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Portolan, PortolanProps } from '../lib/portolan';

const app = new App();
const text = (name: string): string | undefined => app.node.tryGetContext(name);
const flag = (name: string): boolean | undefined => (text(name) === undefined ? undefined : text(name) === 'true');
const number = (name: string): number | undefined => (text(name) === undefined ? undefined : Number(text(name)));

const props: PortolanProps = {
  code: path.resolve(text('code') ?? '../../target/lambda'),
  architecture: text('architecture') as PortolanProps['architecture'],
  jwtIssuer: text('jwtIssuer'),
  jwtAudience: text('jwtAudience')?.split(','),
  tenantClaim: text('tenantClaim'),
  allowOrigins: text('allowOrigins')?.split(','),
  cache: text('cache') as PortolanProps['cache'],
  cacheUrl: text('cacheUrl'),
  cacheName: text('cacheName'),
  requestsPerSecond: number('requestsPerSecond'),
  tenantRequestsPerSecond: number('tenantRequestsPerSecond'),
  tenantSolvesPerMinute: number('tenantSolvesPerMinute'),
  optimizeConcurrency: number('optimizeConcurrency'),
  readConcurrency: number('readConcurrency'),
  terminalConcurrency: number('terminalConcurrency'),
  solveConcurrency: number('solveConcurrency'),
  urgentConcurrency: number('urgentConcurrency'),
  standardConcurrency: number('standardConcurrency'),
  bulkConcurrency: number('bulkConcurrency'),
  optimizeProvisioned: number('optimizeProvisioned'),
  solveSeconds: number('solveSeconds'),
  leaseMs: number('leaseMs'),
  tellEnded: flag('tellEnded'),
  logRetentionDays: number('logRetentionDays'),
  alarmTopicArn: text('alarmTopicArn'),
  canary: flag('canary'),
  protect: flag('protect'),
};
new Portolan(new Stack(app, text('stack') ?? 'portolan'), 'Portolan', props);
