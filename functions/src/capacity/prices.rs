//! List prices, from a dated file: `prices.json`, beside this one.

use serde::{Deserialize, Serialize};

/// Prices in dollars.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The day on which they were looked up.
    pub date: String,
    /// The region.
    pub region: String,
    /// A million requests at the content delivery network.
    pub edge_per_million: f64,
    /// A gigabyte that it sends.
    pub edge_per_gb: f64,
    /// A million requests at the gateway.
    pub gateway_per_million: f64,
    /// A million invocations.
    pub lambda_per_million: f64,
    /// A gigabyte of memory for a second, on arm64.
    pub lambda_per_gb_second: f64,
    /// A million write units.
    pub write_units_per_million: f64,
    /// A million read units.
    pub read_units_per_million: f64,
    /// A gigabyte in a table for a month.
    pub table_per_gb_month: f64,
    /// A gigabyte in the cache for an hour.
    pub cache_per_gb_hour: f64,
    /// Gigabytes that are paid for at least.
    pub cache_least_gb: f64,
    /// A million units of cache processing.
    pub cache_units_per_million: f64,
    /// A million requests to queues.
    pub queue_per_million: f64,
    /// A gigabyte of log lines.
    pub logs_per_gb: f64,
}

impl Prices {
    /// Those of the committed file.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn committed() -> Self {
        serde_json::from_str(include_str!("prices.json")).expect("the file has every price")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_a_date_and_only_prices_that_can_be() {
        let prices = Prices::committed();
        prices.date.parse::<jiff::civil::Date>().expect("a day");
        let all = serde_json::to_value(&prices).expect("plain data");
        let numbers: Vec<f64> = all.as_object().into_iter().flatten().filter_map(|(_, price)| price.as_f64()).collect();
        assert!(numbers.len() == 13 && numbers.iter().all(|price| *price > 0.0 && *price < 10.0), "{numbers:?}");
    }
}
