//! Sums of products of sizes: `7 + 3 × partitions + 4 × partitions × files`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Index into the sizes of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SizeId(pub u32);

/// Something that the source leaves open: how many, how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// As formulas write it: `partitions`, `ready.waits`, `ceil(rows / 500)`.
    pub name: String,
    /// What is assumed of it.
    pub value: f64,
}

/// A sum of products. Coefficients are never negative but in what is exact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formula {
    /// By the sizes that are multiplied, sorted; the constant has none.
    terms: BTreeMap<Vec<SizeId>, f64>,
}

impl Formula {
    pub fn constant(value: f64) -> Self {
        let mut terms = BTreeMap::new();
        if value != 0.0 {
            terms.insert(Vec::new(), value);
        }
        Self { terms }
    }

    pub fn size(size: SizeId) -> Self {
        Self {
            terms: BTreeMap::from([(vec![size], 1.0)]),
        }
    }

    pub fn plus(mut self, other: &Self) -> Self {
        for (sizes, coefficient) in &other.terms {
            *self.terms.entry(sizes.clone()).or_default() += coefficient;
        }
        self.terms.retain(|_, coefficient| *coefficient != 0.0);
        self
    }

    pub fn minus(self, other: &Self) -> Self {
        let negative = other.clone().times(&Self::constant(-1.0));
        self.plus(&negative)
    }

    pub fn times(self, other: &Self) -> Self {
        let mut product = Self::default();
        for (left, first) in &self.terms {
            for (right, second) in &other.terms {
                let mut sizes = [left.as_slice(), right.as_slice()].concat();
                sizes.sort_unstable();
                *product.terms.entry(sizes).or_default() += first * second;
            }
        }
        product.terms.retain(|_, coefficient| *coefficient != 0.0);
        product
    }

    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// With the value of each size, by its index.
    pub fn evaluate(&self, value: &dyn Fn(SizeId) -> f64) -> f64 {
        let products = self.terms.iter().map(|(sizes, coefficient)| {
            let factors = sizes.iter().map(|size| value(*size));
            coefficient * factors.product::<f64>()
        });
        // Not `sum`, whose empty sum is -0.
        products.fold(0.0, |sum, product| sum + product)
    }

    /// With what is assumed.
    pub fn value(&self, sizes: &[Size]) -> f64 {
        self.evaluate(&|id| sizes[id.0 as usize].value)
    }

    /// The sizes that it reads, sorted.
    pub fn sizes(&self) -> Vec<SizeId> {
        let mut sizes: Vec<SizeId> = self.terms.keys().flatten().copied().collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// `7 + 3 × partitions`
    pub fn text(&self, sizes: &[Size]) -> String {
        let mut text = String::new();
        // By the number of factors, then in the order in which the sizes come in the pipeline.
        let mut terms: Vec<_> = self.terms.iter().collect();
        terms.sort_by_key(|(sizes, _)| sizes.len());
        for (factors, coefficient) in terms {
            let sign = match (text.is_empty(), *coefficient < 0.0) {
                (true, false) => "",
                (true, true) => "−",
                (false, false) => " + ",
                (false, true) => " − ",
            };
            text.push_str(sign);
            let size = coefficient.abs();
            if factors.is_empty() || size != 1.0 {
                let _ = write!(text, "{size}");
            }
            for (n, factor) in factors.iter().enumerate() {
                if n > 0 || size != 1.0 {
                    text.push_str(" × ");
                }
                text.push_str(&sizes[factor.0 as usize].name);
            }
        }
        if text.is_empty() {
            text.push('0');
        }
        text
    }
}

/// The least and the most: of the cheapest way, and of the dearest one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    pub low: Formula,
    pub high: Formula,
}

impl Bounds {
    pub fn exactly(formula: Formula) -> Self {
        Self {
            low: formula.clone(),
            high: formula,
        }
    }

    pub fn constant(value: f64) -> Self {
        Self::exactly(Formula::constant(value))
    }

    /// One after the other.
    pub fn then(self, other: &Self) -> Self {
        Self {
            low: self.low.plus(&other.low),
            high: self.high.plus(&other.high),
        }
    }

    /// So many times.
    pub fn times(self, count: &Formula) -> Self {
        Self {
            low: self.low.times(count),
            high: self.high.times(count),
        }
    }

    /// One or the other: of the lows the lower one with what is assumed, of the highs the higher one.
    pub fn or(self, other: Self, sizes: &[Size]) -> Self {
        Self {
            low: if other.low.value(sizes) < self.low.value(sizes) {
                other.low
            } else {
                self.low
            },
            high: if other.high.value(sizes) > self.high.value(sizes) {
                other.high
            } else {
                self.high
            },
        }
    }

    /// The longer of two that run at once; numbers, not formulas.
    pub fn beside(self, other: &Self, sizes: &[Size]) -> Self {
        let longer =
            |a: &Formula, b: &Formula| Formula::constant(a.value(sizes).max(b.value(sizes)));
        Self {
            low: longer(&self.low, &other.low),
            high: longer(&self.high, &other.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Vec<Size> {
        ["partitions", "files"]
            .map(|name| Size {
                name: name.to_owned(),
                value: 10.0,
            })
            .to_vec()
    }

    #[test]
    fn a_formula_reads_as_people_write_it() {
        let [partitions, files] = [0, 1].map(|id| Formula::size(SizeId(id)));
        let body = Formula::constant(3.0).plus(&files.times(&Formula::constant(1.0)));
        let formula = Formula::constant(7.0).plus(&partitions.clone().times(&body));
        assert_eq!(
            formula.text(&sizes()),
            "7 + 3 × partitions + partitions × files"
        );
        assert_eq!(formula.value(&sizes()), 137.0);
        let difference = partitions.minus(&formula);
        assert_eq!(
            difference.text(&sizes()),
            "−7 − 2 × partitions − partitions × files"
        );
        assert_eq!(Formula::default().text(&sizes()), "0");
    }

    #[test]
    fn of_two_ways_the_assumed_sizes_say_which_is_cheaper() {
        let few = Bounds::exactly(Formula::size(SizeId(0)));
        let many = Bounds::constant(12.0);
        let either = many.or(few, &sizes());
        assert_eq!(either.low.text(&sizes()), "partitions");
        assert_eq!(either.high.text(&sizes()), "12");
    }
}
