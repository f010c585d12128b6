//! The comparison that `portolan bench` prints: a row a file, then the totals.

use portolan::Proof;
use serde::Serialize;

use super::bench::Row;

const HEADINGS: [&str; 10] =
    ["instance", "size", "first plan", "objective", "lower bound", "gap", "best known", "above best", "time", "proof"];

/// Over all rows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    files: usize,
    proven: usize,
    mean_gap: f64,
    max_gap: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_above_best_known: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_above_best_known: Option<f64>,
    time_ms: f64,
    max_time_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_first_plan_ms: Option<f64>,
}

impl Totals {
    pub(super) fn of(rows: &[Row]) -> Self {
        let above: Vec<f64> = rows.iter().filter_map(|row| row.above_best_known).collect();
        let gaps: Vec<f64> = rows.iter().map(|row| row.gap).collect();
        Self {
            files: rows.len(),
            proven: rows.iter().filter(|row| row.proof == Proof::Optimal).count(),
            mean_gap: mean(&gaps).unwrap_or(0.0),
            max_gap: gaps.iter().copied().fold(0.0, f64::max),
            mean_above_best_known: mean(&above),
            max_above_best_known: above.iter().copied().reduce(f64::max),
            time_ms: rows.iter().map(|row| row.time_ms).sum(),
            max_time_ms: rows.iter().map(|row| row.time_ms).fold(0.0, f64::max),
            max_first_plan_ms: rows.iter().filter_map(|row| row.first_plan_ms).reduce(f64::max),
        }
    }

    fn sentences(&self) -> String {
        let mut text = format!(
            "{} files, {} proven optimal; gap {} on average, {} at most",
            self.files,
            self.proven,
            percent(self.mean_gap),
            percent(self.max_gap)
        );
        if let (Some(mean), Some(max)) = (self.mean_above_best_known, self.max_above_best_known) {
            text.push_str(&format!("; {} above the best known on average, {} at most", percent(mean), percent(max)));
        }
        let first = self.max_first_plan_ms.map_or_else(String::new, |ms| format!(", first plan {} at most", time(ms)));
        format!("{text}; time {} in all, {} at most{first}\n", time(self.time_ms), time(self.max_time_ms))
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// For a terminal.
pub(super) fn table(rows: &[Row]) -> String {
    let rows_of_cells: Vec<[String; 10]> = rows.iter().map(cells).collect();
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| {
            let widest = rows_of_cells.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
            widest.max(HEADINGS[column].len())
        })
        .collect();
    let line = |cells: &[String; 10]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .enumerate()
            .map(
                |(column, (cell, &width))| {
                    if column == 0 || column == 9 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&HEADINGS.map(str::to_owned));
    for cells in &rows_of_cells {
        text.push_str(&line(cells));
    }
    text + "\n" + &Totals::of(rows).sentences()
}

/// For a document.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = format!("| {} |\n|---|{}---|\n", HEADINGS.join(" | "), "--:|".repeat(8));
    for row in rows {
        let cells = cells(row).map(|cell| cell.replace('\\', "\\\\").replace('|', "\\|"));
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text + "\n" + &Totals::of(rows).sentences()
}

fn cells(row: &Row) -> [String; 10] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        row.instance.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect(),
        row.size.clone(),
        or_dash(row.first_plan_ms.map(time)),
        row.objective.to_string(),
        row.lower_bound.to_string(),
        percent(row.gap),
        or_dash(row.best_known.map(|best| best.to_string())),
        or_dash(row.above_best_known.map(percent)),
        time(row.time_ms),
        if row.proof == Proof::Optimal { "optimal".to_owned() } else { "bound".to_owned() },
    ]
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn time(ms: f64) -> String {
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        ..10_000.0 => format!("{:.2} s", ms / 1e3),
        _ => format!("{:.1} s", ms / 1e3),
    }
}
