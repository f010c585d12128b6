import * as path from 'node:path';
import { CfnOutput, Token } from 'aws-cdk-lib';
import { ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnFunction } from 'aws-cdk-lib/aws-sam';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';

/** How Portolan is set up. What is left out is as `template.yaml` has it. */
export interface PortolanProps {
  /** The folder that `cargo lambda build` wrote: a folder for each function, with its `bootstrap`. */
  readonly code: string;
  /** What the functions were built for. */
  readonly architecture?: 'arm64' | 'x86_64';
  /** Issuer of the tokens that callers bring. Without one, the API is open to everybody. */
  readonly jwtIssuer?: string;
  /** Audiences that a token may be for. */
  readonly jwtAudience?: string[];
  /** The claim of a token that names the tenant. */
  readonly tenantClaim?: string;
  /** Web pages that may call the API. */
  readonly allowOrigins?: string[];
  /** ElastiCache Serverless for Valkey, or no cache. */
  readonly cache?: 'serverless' | 'none';
  /** Address of a cache that is there already; with `cache: 'none'`. */
  readonly cacheUrl?: string;
  /** Or its name in ElastiCache, whose endpoint the functions look up; with `cache: 'none'`. */
  readonly cacheName?: string;
  /** Requests a second that the gateway lets through. */
  readonly requestsPerSecond?: number;
  /** Requests a second that each tenant may send; no limit where it is left out. */
  readonly tenantRequestsPerSecond?: number;
  /** Solves in any minute that each tenant may have begun; no limit where it is left out. */
  readonly tenantSolvesPerMinute?: number;
  /** Requests that are solved on the line at the same time. */
  readonly optimizeConcurrency?: number;
  /** Requests for stored plans that are answered at the same time. */
  readonly readConcurrency?: number;
  /** Requests about terminals that are answered at the same time. */
  readonly terminalConcurrency?: number;
  /** Deferred plans that are solved at the same time; no less than the three that follow together. */
  readonly solveConcurrency?: number;
  /** Of these, urgent ones at the most. */
  readonly urgentConcurrency?: number;
  /** Of these, standard ones at the most. */
  readonly standardConcurrency?: number;
  /** Of these, bulk ones at the most. */
  readonly bulkConcurrency?: number;
  /** Environments of Optimize that are kept warm, and paid for, all the time. */
  readonly optimizeProvisioned?: number;
  /** The longest that one worker is at a plan, in seconds. */
  readonly solveSeconds?: number;
  /** After so many milliseconds without a sign of its worker, a plan is taken over by another. */
  readonly leaseMs?: number;
  /** Whether plans that have ended are told of in a queue. */
  readonly tellEnded?: boolean;
  /** Days for which logs are kept. */
  readonly logRetentionDays?: number;
  /** An SNS topic that is told of alarms. */
  readonly alarmTopicArn?: string;
  /** Whether a new version gets a tenth of the traffic first. */
  readonly canary?: boolean;
  /** Whether tables refuse to be deleted. */
  readonly protect?: boolean;
}

/** The functions, by their names in the template, with the binaries that they run. */
const FUNCTIONS = { Optimize: 'optimize', PlansApi: 'plans', TerminalApi: 'terminal', Relay: 'relay', Solve: 'solve' } as const;

/** What names aliases and roles that SAM makes, of which the CDK does not know: taken over as it stands. */
const UNPARSED = ['OptimizeIntegration', 'PlansIntegration', 'TerminalIntegration', 'OptimizePermission', 'PlansPermission', 'TerminalPermission', 'CachePolicy', 'FindCachePolicy'];

/** Portolan, as `template.yaml` describes it. */
export class Portolan extends Construct {
  /** Where the API is. */
  readonly url: string;
  /** The table of plans. */
  readonly plans: ITable;
  /** The template, for what has no property here. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: PortolanProps) {
    super(scope, id);
    this.template = new CfnInclude(this, 'Template', {
      templateFile: path.join(findRoot(__dirname), 'template.yaml'),
      parameters: parameters(props),
      // Names in the template are names in the stack: a stack made by SAM can be taken over.
      preserveLogicalIds: true,
      dehydratedResources: UNPARSED,
    });
    for (const name of UNPARSED) {
      this.template.getResource(name).overrideLogicalId(name);
    }
    for (const [name, binary] of Object.entries(FUNCTIONS)) {
      const asset = new Asset(this, `${name}Code`, { path: path.join(props.code, binary) });
      const resource = this.template.getResource(name) as CfnFunction;
      resource.codeUri = { bucket: asset.s3BucketName, key: asset.s3ObjectKey };
      // A change of code is a new version.
      resource.autoPublishCodeSha256 = asset.assetHash;
    }
    this.url = Token.asString(this.template.getOutput('Url').value);
    this.plans = Table.fromTableName(this, 'Plans', this.template.getResource('Plans').ref);
  }

  /** The stack's output of this name. */
  output(name: string): CfnOutput {
    return this.template.getOutput(name);
  }
}

function parameters(props: PortolanProps): Record<string, unknown> {
  const { urgentConcurrency = 5, standardConcurrency = 3, bulkConcurrency = 2, solveConcurrency = 10 } = props;
  const atMost = urgentConcurrency + standardConcurrency + bulkConcurrency;
  if (atMost > solveConcurrency) {
    throw new Error(`solveConcurrency is ${solveConcurrency}, and its queues would take ${atMost} messages at a time: raise it, or lower urgentConcurrency, standardConcurrency or bulkConcurrency`);
  }
  const given: Record<string, unknown> = {
    Architecture: props.architecture,
    JwtIssuer: props.jwtIssuer,
    JwtAudience: props.jwtAudience,
    TenantClaim: props.tenantClaim,
    AllowOrigins: props.allowOrigins,
    Cache: props.cache,
    CacheUrl: props.cacheUrl,
    CacheName: props.cacheName,
    RequestsPerSecond: props.requestsPerSecond,
    TenantRequestsPerSecond: props.tenantRequestsPerSecond?.toString(),
    TenantSolvesPerMinute: props.tenantSolvesPerMinute?.toString(),
    OptimizeConcurrency: props.optimizeConcurrency,
    ReadConcurrency: props.readConcurrency,
    TerminalConcurrency: props.terminalConcurrency,
    SolveConcurrency: props.solveConcurrency,
    UrgentConcurrency: urgentConcurrency,
    StandardConcurrency: standardConcurrency,
    BulkConcurrency: bulkConcurrency,
    OptimizeProvisioned: props.optimizeProvisioned,
    SolveSeconds: props.solveSeconds,
    LeaseMs: props.leaseMs,
    LogRetentionDays: props.logRetentionDays,
    AlarmTopicArn: props.alarmTopicArn,
    TellEnded: props.tellEnded?.toString(),
    Canary: props.canary?.toString(),
    Protect: props.protect?.toString(),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The folder that holds `template.yaml`, from a source or a compiled file. */
function findRoot(from: string): string {
  const up = path.basename(path.dirname(from)) === 'dist' ? '../../../..' : '../../..';
  return path.resolve(from, up);
}
