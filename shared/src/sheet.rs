//! Tables as spreadsheets write them: a line of headings, then a record a line; fields parted by commas or semicolons.

use crate::issue::Issues;

/// A table whose headings have been read.
pub(crate) struct Sheet<'a> {
    text: &'a str,
    delimiter: u8,
    headings: Vec<String>,
}

impl<'a> Sheet<'a> {
    /// The table, where its first line has the headings that are needed.
    pub(crate) fn new(text: &'a str, needed: &[&str]) -> Option<Self> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let first = text.lines().next()?;
        let delimiter = if first.contains(';') { b';' } else { b',' };
        let headings: Vec<String> =
            first.split(char::from(delimiter)).map(|name| name.trim().trim_matches('"').to_lowercase()).collect();
        let is_table = needed.iter().all(|needed| headings.iter().any(|heading| heading == needed));
        is_table.then_some(Self { text, delimiter, headings })
    }

    /// Reads the lines, at most so many; a heading that is not `known` is an issue, as is a line that is no record.
    pub(crate) fn read(&self, known: &[&str], most: usize, issues: &mut Issues, mut take: impl FnMut(&mut Line<'_>)) {
        for heading in self.headings.iter().filter(|heading| !known.contains(&heading.as_str())) {
            let cause = format!("there is a column {heading:?}");
            issues.note("unknown_column", "", cause, format!("the columns are: {}", known.join(", ")));
        }
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        for (at, record) in reader.records().enumerate() {
            if at >= most {
                let cause = format!("there are more than {most} lines");
                issues.note("too_many_lines", "", cause, "plan less at once, and read the rest on its own");
                break;
            }
            match record {
                Ok(record) => {
                    let number = record.position().map_or(0, csv::Position::line);
                    take(&mut Line { number, record: &record, headings: &self.headings, issues });
                }
                Err(error) => issues.note("not_a_table", "", error.to_string(), "send the table in UTF-8"),
            }
        }
    }
}

/// One line, and what is wrong with it.
pub(crate) struct Line<'a> {
    /// In the file, from 1.
    pub(crate) number: u64,
    record: &'a csv::StringRecord,
    headings: &'a [String],
    pub(crate) issues: &'a mut Issues,
}

impl Line<'_> {
    pub(crate) fn note(&mut self, code: &'static str, cause: &str, action: &str) {
        self.issues.note(code, "", format!("line {}: {cause}", self.number), action);
    }

    /// The cell, where it is not empty.
    pub(crate) fn text(&self, heading: &str) -> Option<String> {
        let column = self.headings.iter().position(|other| other == heading)?;
        self.record.get(column).filter(|cell| !cell.is_empty()).map(str::to_owned)
    }

    pub(crate) fn number<T: std::str::FromStr>(&mut self, heading: &str) -> Option<T> {
        let cell = self.text(heading)?;
        let number = cell.parse().ok();
        if number.is_none() {
            self.note("not_a_number", &format!("{heading} is {cell:?}"), "give a whole number");
        }
        number
    }

    pub(crate) fn is_set(&mut self, heading: &str) -> bool {
        let Some(cell) = self.text(heading) else { return false };
        match cell.to_lowercase().as_str() {
            "1" | "true" | "yes" | "y" => true,
            "0" | "false" | "no" | "n" => false,
            _ => {
                self.note("not_yes_or_no", &format!("{heading} is {cell:?}"), "write yes or no");
                false
            }
        }
    }
}
