// node asl.mjs FILE…   Judges state machine definitions; a JSON line a finding, then {"judged": n} a judge.
//
//   asl-validator   the community's JSON schemas and graph checks
//   asl-service     AWS's language service (VS Code, Workflow Studio)
//   jsonata         every {% … %} parsed by jsonata-js 2.0.6, the version that Step Functions documents; on its
//                   syntax tree our own check of names, since AWS finds an unknown one only at run time
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(process.env.FLOWC_JUDGES + '/node/')
const aslValidator = require('asl-validator')
const { getLanguageService, TextDocument } = require('amazon-states-language-service')
const { jsonataFunctions } = require('amazon-states-language-service/out/asl-utils/utils/jsonata/functions.js')
const jsonata = require('jsonata')

const service = getLanguageService({})
const functions = new Set([...jsonataFunctions.keys()].map(name => name.slice(1)))
const say = (file, judge, rule, message) => console.log(JSON.stringify({ file, judge, rule, message: String(message).replace(/\s+/g, ' ').slice(0, 400) }))

/** The names that a JSONata syntax tree takes from outside: not those bound by `:=`, `function(…)`, `@$`, `#$`. */
function freeNames(tree) {
  const used = new Set(), bound = new Set()
  const walk = (node, inner) => {
    if (!node || typeof node !== 'object') return
    if (Array.isArray(node)) return node.forEach(each => walk(each, inner))
    if (node.type === 'bind') bound.add(node.lhs.value)
    if (node.type === 'lambda') for (const a of node.arguments) bound.add(a.value)
    if (node.focus) bound.add(node.focus)
    if (typeof node.index === 'string') bound.add(node.index)
    if (node.type === 'variable' && (node.value !== '' || !inner)) used.add(node.value)
    if (node.type === 'transform') inner = true
    for (const [key, value] of Object.entries(node)) {
      if (key === 'steps') value.forEach((step, i) => walk(step, inner || i > 0)) // in a.b, b sees a as $
      else if (key === 'predicate' || key === 'stages' || (key === 'body' && node.type === 'lambda')) walk(value, true)
      else if (key !== 'position' && key !== 'type') walk(value, inner)
    }
  }
  walk(tree, false)
  for (const name of bound) used.delete(name)
  return used
}

function* strings(value, path) {
  if (typeof value === 'string') yield [path, value]
  else if (value && typeof value === 'object') for (const key of Object.keys(value)) yield* strings(value[key], `${path}/${key}`)
}

const holders = (state) => [state, ...(state.Choices ?? []), ...(state.Catch ?? [])]
const assignedIn = (states) => Object.values(states ?? {}).flatMap(holders).flatMap(h => Object.keys(h.Assign ?? {}))

function checkNames(file, machine, path, outer, outerLanguage) {
  const visible = new Set([...outer, ...assignedIn(machine.States)])
  for (const [name, state] of Object.entries(machine.States ?? {})) {
    const here = `${path}/States/${name}`, language = state.QueryLanguage ?? outerLanguage
    const { ItemProcessor, Iterator, Branches, ...own } = state
    if (language === 'JSONata') for (const [at, text] of strings(own, here)) checkExpression(file, at, text, visible)
    for (const variable of holders(state).flatMap(h => Object.keys(h.Assign ?? {})))
      if (language === 'JSONata' && (variable === 'states' || functions.has(variable) || !/^[\p{L}_][\p{L}\p{N}_]{0,79}$/u.test(variable)))
        say(file, 'jsonata', 'name', `${here}/Assign: ${variable} cannot be a variable's name`)
    for (const branch of Branches ?? []) checkNames(file, branch, here, visible, language)
    const body = ItemProcessor ?? Iterator
    if (body) checkNames(file, body, here, body.ProcessorConfig?.Mode === 'DISTRIBUTED' ? new Set() : visible, language)
  }
}

function checkExpression(file, at, text, visible) {
  if (!text.startsWith('{%') || !text.endsWith('%}')) {
    if (/^\s*\{%|%\}\s*$/.test(text)) say(file, 'jsonata', 'delimiters', `${at}: must start with {% and end with %} exactly: ${text}`)
    return
  }
  let tree
  try { tree = jsonata(text.slice(2, -2)).ast() } catch (e) { return say(file, 'jsonata', e.code ?? 'syntax', `${at}: ${e.message}`) }
  for (const name of freeNames(tree)) {
    if (name === 'eval') say(file, 'jsonata', 'eval', `${at}: $eval does not exist in Step Functions`)
    else if (name === '' || name === '$') say(file, 'jsonata', 'root', `${at}: $${name} at the top of an expression`)
    else if (name !== 'states' && !functions.has(name) && !visible.has(name)) say(file, 'jsonata', 'undefined', `${at}: nothing in scope assigns $${name}`)
  }
}

/** asl-validator 4.0.0 refuses what AWS accepts: an Output that is no object, arrays within arrays in Assign, a
 *  Condition that is a constant, an empty text, an expression of several lines. It is shown simpler ones; the other
 *  judges see the real ones. */
function simplify(machine, outerLanguage) {
  for (const state of Object.values(machine?.States ?? {})) {
    const language = state?.QueryLanguage ?? outerLanguage
    if (language === 'JSONata') for (const holder of holders(state)) {
      if ('Output' in holder) holder.Output = {}
      if (typeof holder.Condition === 'boolean') holder.Condition = '{% true %}'
      for (const [key, value] of Object.entries(holder.Assign ?? {})) if (typeof value === 'object') holder.Assign[key] = 1
      for (const key of ['Assign', 'Arguments', 'Condition', 'Items', 'ItemSelector']) if (key in holder) holder[key] = flatten(holder[key])
    }
    for (const inner of [...(Array.isArray(state?.Branches) ? state.Branches : []), state?.ItemProcessor, state?.Iterator]) if (inner) simplify(inner, language)
  }
}

function flatten(value) {
  if (typeof value === 'string') return value === '' ? 'empty' : value.replace(/\s*\n\s*/g, ' ')
  if (Array.isArray(value)) return value.map(flatten)
  return value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, flatten(v)])) : value
}

const files = process.argv.slice(2)
const judged = { 'asl-validator': 0, 'asl-service': 0, jsonata: 0 }
for (const file of files) {
  const text = readFileSync(file, 'utf8')
  let document
  try { document = JSON.parse(text) } catch (e) { say(file, 'json', 'parse', e.message) }
  const shown = TextDocument.create('file://' + file, 'asl', 1, text)
  for (const d of await service.doValidation(shown, service.parseJSONDocument(shown)))
    say(file, 'asl-service', d.severity === 1 ? 'error' : 'warning', `line ${d.range.start.line + 1}: ${d.message}`)
  judged['asl-service']++
  if (typeof document === 'object' && document !== null) {
    checkNames(file, document, '', new Set(), document.QueryLanguage ?? 'JSONPath')
    judged.jsonata++
    simplify(document, document.QueryLanguage)
    const result = aslValidator(document) // last, since it writes QueryLanguage into every state
    for (const e of result.isValid ? [] : result.errors)
      say(file, 'asl-validator', e['Error code'], `${e.path ?? ''} ${e.message ?? ''} ${JSON.stringify(e.schemaError ?? '')}`)
    judged['asl-validator']++
  }
}
for (const [judge, n] of Object.entries(judged)) console.log(JSON.stringify({ judge, judged: n }))
