// What a seed draws: the same seed, the same numbers, on every machine (mulberry32).
export function drawn(seed) {
  let state = seed >>> 0
  function random(below) {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
  return { random, pick: choices => choices[random(choices.length)] }
}
