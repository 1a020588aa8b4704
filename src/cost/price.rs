//! The table of prices: data, with a date.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Prices in US dollars.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// `2026-11-26`
    pub as_of: String,
    pub source: String,
    /// A transition of a standard machine, by region.
    pub transition: BTreeMap<String, f64>,
    pub express: Express,
    pub glue: Glue,
    pub athena: Athena,
    pub lambda: Lambda,
    pub emr_serverless: EmrServerless,
    pub request: Vec<Request>,
}

/// The region whose prices all others are compared with; the services' own are its.
pub const DEFAULT_REGION: &str = "us-east-1";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Express {
    pub request: f64,
    pub tiers: Vec<Tier>,
    pub round_seconds: f64,
    pub round_megabytes: f64,
    pub base_megabytes: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// GB-hours a month; none: all that is more.
    pub upto: Option<f64>,
    /// A GB-hour.
    pub price: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glue {
    pub dpu_hour: f64,
    pub flex_dpu_hour: f64,
    pub least_seconds: f64,
    /// DPU of a worker, by its type.
    pub workers: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Athena {
    pub terabyte: f64,
    pub least_bytes: f64,
    pub round_bytes: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lambda {
    pub request: f64,
    pub gb_second: f64,
    pub arm_gb_second: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmrServerless {
    pub vcpu_hour: f64,
    pub gb_hour: f64,
    pub least_seconds: f64,
}

/// Operations that cost so much each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub service: String,
    pub operations: Vec<String>,
    pub price: f64,
    #[serde(default)]
    pub unverified: bool,
}

static PRICES: LazyLock<Prices> =
    LazyLock::new(|| toml::from_str(include_str!("prices.toml")).expect("a test reads the table"));

pub fn prices() -> &'static Prices {
    &PRICES
}

impl Prices {
    pub fn find_request(&self, service: &str, operation: &str) -> Option<&Request> {
        let fits = |row: &&Request| {
            row.service == service && row.operations.iter().any(|known| known == operation)
        };
        self.request.iter().find(fits)
    }
}

impl Express {
    /// The rounded duration and memory of an execution, in GB-hours.
    pub fn gb_hours(&self, seconds: f64, megabytes: f64) -> f64 {
        let seconds = round_up(seconds, self.round_seconds).max(self.round_seconds);
        let memory = round_up(self.base_megabytes + megabytes, self.round_megabytes);
        seconds / 3600.0 * memory / 1024.0
    }

    /// What so many GB-hours of a month cost.
    pub fn duration(&self, gb_hours: f64) -> f64 {
        let mut below = 0.0;
        let mut sum = 0.0;
        for tier in &self.tiers {
            let upto = tier.upto.unwrap_or(f64::INFINITY);
            sum += (gb_hours.min(upto) - below).max(0.0) * tier.price;
            below = upto;
        }
        sum
    }
}

/// The next multiple of a step; what misses one by less than a rounding error of the computer's is one.
pub fn round_up(value: f64, step: f64) -> f64 {
    (value / step - 1e-9).ceil() * step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn the_table_prices_operations_that_exist() {
        let prices = prices();
        assert!(prices.transition.contains_key(DEFAULT_REGION));
        for row in &prices.request {
            let service = catalog::find_service(&row.service).expect(&row.service);
            for operation in &row.operations {
                assert!(service.find_operation(operation).is_some(), "{operation}");
            }
        }
    }

    /// The example of AWS's pricing page: 100 million executions of 10 s at 62.85 MB.
    #[test]
    fn express_durations_are_rounded_and_tiered_as_the_pricing_page_has_it() {
        let express = &prices().express;
        let one = express.gb_hours(10.0, 12.85);
        let duration = express.duration(one * 100e6);
        assert!((duration - 382.97).abs() < 0.5, "{duration}");
        assert_eq!(express.request * 100e6, 100.0);
    }

    #[test]
    fn a_hundred_milliseconds_are_the_least() {
        let express = &prices().express;
        assert_eq!(express.gb_hours(0.0, 0.0), express.gb_hours(0.1, 14.0));
        assert!(express.gb_hours(0.1, 14.1) > express.gb_hours(0.1, 14.0));
        assert_eq!(round_up(0.3, 0.1), 0.1 * 3.0);
    }
}
