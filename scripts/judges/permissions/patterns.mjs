// Texts of which only parts are known before the run. ANY stands for what is not; `alternatives` finds them in JSONata.

/** Any text, the empty one too. A character that no name has. */
export const ANY = '\u0001'
const MOST = 32

/** Every way to put one alternative of each part after another. A part is a text or a list of them. */
export function join(...parts) {
  let out = ['']
  for (const part of parts) {
    const each = Array.isArray(part) ? part : [part]
    out = out.flatMap(head => each.map(tail => head + tail))
    if (out.length > MOST) return [ANY]
  }
  return [...new Set(out.map(text => text.replace(/\u0001+/g, ANY)))]
}

export const show = (pattern) => pattern.replaceAll(ANY, '…')

/** A grant's resource as a pattern: `*` is ANY, `?` one character, here taken as ANY too. */
export const fromGrant = (resource) => resource.replace(/[*?]+/g, ANY)

/** A text that both patterns match, or null. */
export function common(a, b) {
  const dead = new Set()
  const from = (i, j) => {
    const key = i * 10000 + j
    if (dead.has(key)) return null
    let found = null
    if (i === a.length && j === b.length) found = ''
    else if (a[i] === ANY && b[j] === ANY) found = prepend('x', from(i + 1, j) ?? from(i, j + 1))
    else if (a[i] === ANY) found = from(i + 1, j) ?? (j < b.length ? prepend(b[j], from(i, j + 1)) : null)
    else if (b[j] === ANY) found = from(i, j + 1) ?? (i < a.length ? prepend(a[i], from(i + 1, j)) : null)
    else if (i < a.length && a[i] === b[j]) found = prepend(a[i], from(i + 1, j + 1))
    if (found === null) dead.add(key)
    return found
  }
  return from(0, 0)
}
const prepend = (character, rest) => rest === null ? null : character + rest

/** Whether everything that `inner` matches, `outer` matches. */
export function covers(outer, inner) {
  const form = outer.split(ANY).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')
  return new RegExp(`^${form}$`).test(inner)
}

/** What the values of a definition can be: `variables` maps a name to everything that some state assigns to it. */
export class Values {
  constructor(jsonata, definition) {
    this.jsonata = jsonata
    this.variables = new Map()
    this.open = new Set()
    const collect = (node) => {
      if (!node || typeof node !== 'object') return
      for (const [name, value] of Object.entries(node.Assign ?? {})) this.variables.set(name, [...(this.variables.get(name) ?? []), value])
      Object.values(node).forEach(collect)
    }
    collect(definition)
  }

  /** The texts that a value of a definition can be. */
  texts(value) {
    if (value?.tree) try { return this.#of(value.tree, value.bound) } catch { return [ANY] }
    if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
    if (typeof value !== 'string') return [ANY]
    if (!value.startsWith('{%')) return [value]
    try { return this.#of(this.jsonata(value.slice(2, -2)).ast(), {}) } catch { return [ANY] }
  }

  /** The object that one expression makes, as JSON, with `{tree, bound}` for what it computes; null when it makes none. */
  members(value) {
    let tree
    try { tree = this.jsonata(value.slice(2, -2)).ast() } catch { return null }
    const bound = {}
    while (tree.type === 'block' && tree.expressions.length) {
      for (const each of tree.expressions) if (each.type === 'bind') bound[each.lhs.value] = each.rhs
      tree = tree.expressions.at(-1)
    }
    const json = (tree) => {
      if (tree.type === 'path' && tree.steps.length === 1) [tree] = tree.steps
      if (tree.type === 'unary' && tree.value === '{' && tree.lhs.every(([key]) => key.type === 'string'))
        return Object.fromEntries(tree.lhs.map(([key, each]) => [key.value, json(each)]))
      if (tree.type === 'unary' && tree.value === '[') return tree.expressions.map(json)
      return { tree, bound }
    }
    const made = json(tree)
    return made.tree || Array.isArray(made) ? null : made
  }

  #of(tree, bound) {
    switch (tree.type) {
      case 'string': case 'number': case 'value': return [String(tree.value)]
      case 'binary': return tree.value === '&' ? join(this.#of(tree.lhs, bound), this.#of(tree.rhs, bound)) : [ANY]
      case 'condition': return [...this.#of(tree.then, bound), ...(tree.else ? this.#of(tree.else, bound) : [])]
      case 'block': {
        const inner = { ...bound }
        for (const each of tree.expressions) if (each.type === 'bind') inner[each.lhs.value] = each.rhs
        const last = tree.expressions.at(-1)
        return last ? this.#of(last.type === 'bind' ? last.rhs : last, inner) : [ANY]
      }
      case 'variable': return this.#variable(tree.value, bound)
      case 'path': return tree.steps.length === 1 ? this.#of(tree.steps[0], bound) : this.#member(tree, bound)
      case 'function': return this.#call(tree, bound)
      default: return [ANY]
    }
  }

  #variable(name, bound) {
    const key = (bound[name] ? 'local ' : '') + name
    if (this.open.has(key)) return [ANY]
    this.open.add(key)
    try {
      if (bound[name]) return this.#of(bound[name], bound)
      return [...new Set((this.variables.get(name) ?? [undefined]).flatMap(value => this.texts(value)))]
    } finally { this.open.delete(key) }
  }

  /** `$settings.bucket`, where the variable is assigned an object as it stands. */
  #member(tree, bound) {
    const [head, ...rest] = tree.steps
    if (head.type !== 'variable' || bound[head.value] || !this.variables.has(head.value) || rest.some(s => s.type !== 'name' || s.stages)) return [ANY]
    return this.variables.get(head.value).flatMap(value => {
      for (const step of rest) value = value && typeof value === 'object' ? value[step.value] : undefined
      return this.texts(value)
    })
  }

  #call(tree, bound) {
    const [first, second] = tree.arguments
    if (tree.procedure.value === 'string' && first) return this.#of(first, bound)
    if (tree.procedure.value === 'join' && first?.type === 'unary' && first.value === '[') {
      const between = second ? this.#of(second, bound) : ['']
      return join(...first.expressions.flatMap((e, i) => i ? [between, this.#of(e, bound)] : [this.#of(e, bound)]))
    }
    return [ANY]
  }
}
