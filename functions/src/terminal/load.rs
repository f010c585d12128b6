//! Lists of containers, read line by line as they come: CSV with a header line, or a JSON object a line.
//!
//! A bad line is reported with its number and does not hide the next.

use std::collections::BTreeMap;

use csv_core::{ReadRecordResult, Reader};
use portolan::Issue;
use sha2::{Digest, Sha256};

use super::container::Container;
use super::event::{Arrival, Change, Outcome, Reason, Receipt, Refusal};
use super::shortened;
use crate::plans::fingerprint::hex;

/// Lines of one list at most.
pub const MAX_LINES: usize = 1_000_000;
/// How often bad lines are left out and the rest tried again.
const TRIES: usize = 24;
/// Bytes of a line at most.
pub const MAX_LINE: usize = 16 << 10;

/// The columns of a CSV list, in the order in which they are exported.
pub const COLUMNS: [&str; 10] =
    ["number", "slot", "size_type", "weight_kg", "reefer", "hazard", "destination", "priority", "hold", "status"];

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/csv`
    Csv,
    /// `application/x-ndjson`
    Lines,
}

/// Reads a list piece by piece.
pub struct Loader {
    format: Format,
    csv: Reader,
    /// Position of each column; not there before the header line was read.
    columns: Option<Vec<String>>,
    rest: Vec<u8>,
    line: usize,
    hash: Sha256,
    /// What was read, with the number of its line.
    pub arrivals: Vec<(usize, Arrival)>,
    /// What is wrong, with `/lines/N` in front.
    pub issues: Vec<Issue>,
}

impl Loader {
    /// A reader of a format.
    pub fn new(format: Format) -> Self {
        let (columns, rest, hash) = (None, Vec::new(), Sha256::new());
        // Made once: its tables would cost more than all the rest of a line.
        let csv = Reader::new();
        Self { format, csv, columns, rest, line: 0, hash, arrivals: Vec::new(), issues: Vec::new() }
    }

    /// Takes the next bytes. `false` where there is no use in going on.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        self.hash.update(bytes);
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if self.rest.len() + piece.len() > MAX_LINE {
                self.note("line_too_long", "", format!("the line has more than {MAX_LINE} bytes"), "is this a list?");
                return false;
            }
            self.rest.extend_from_slice(piece);
            if pieces.peek().is_some() {
                let line = std::mem::take(&mut self.rest);
                self.read(&line);
                if self.line > MAX_LINES {
                    self.note("too_many_lines", "", format!("there are more than {MAX_LINES} lines"), "split the list");
                    return false;
                }
            }
        }
        true
    }

    /// Takes the last line, where it does not end with a line break. Returns the digest of all that was read.
    pub fn end(&mut self) -> String {
        let line = std::mem::take(&mut self.rest);
        self.read(&line);
        if self.arrivals.is_empty() && self.issues.is_empty() {
            self.note("list_empty", "", "there is no container in the list".to_owned(), "give one a line");
        }
        hex(&std::mem::take(&mut self.hash).finalize())
    }

    fn note(&mut self, code: &'static str, field: &str, cause: String, action: &str) {
        self.issues.push(Issue::new(code, format!("/lines/{}{field}", self.line), cause, action));
    }

    fn read(&mut self, line: &[u8]) {
        self.line += 1;
        let Ok(text) = std::str::from_utf8(line) else {
            return self.note("not_utf8", "", "the line is not UTF-8".to_owned(), "write it in UTF-8");
        };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return;
        }
        match self.format {
            Format::Lines => {
                let mut json = serde_json::Deserializer::from_str(text);
                match serde_path_to_error::deserialize::<_, Arrival>(&mut json) {
                    Ok(arrival) if json.end().is_ok() => self.arrivals.push((self.line, arrival)),
                    Ok(_) => self.note("not_json", "", "something follows the object".to_owned(), "write one a line"),
                    Err(error) => {
                        let path = match error.path().to_string().as_str() {
                            "." => String::new(),
                            path => format!("/{}", path.replace('.', "/")),
                        };
                        let cause: String = error.inner().to_string().chars().take(200).collect();
                        let code = if error.inner().is_data() { "wrong_shape" } else { "not_json" };
                        self.note(code, &path, cause, "send the shape described in /openapi.json");
                    }
                }
            }
            Format::Csv => self.read_csv(text),
        }
    }

    /// The cells of a line, where it is one record.
    fn cells(&mut self, text: &str) -> Option<Vec<String>> {
        let line = [text.as_bytes(), b"\n"].concat();
        let (mut content, mut ends) = (vec![0; line.len()], vec![0; line.len() + 1]);
        self.csv.reset();
        let (result, read, _, count) = self.csv.read_record(&line, &mut content, &mut ends);
        if result != ReadRecordResult::Record || read != line.len() {
            return None;
        }
        let mut begin = 0;
        let cells = ends[..count].iter().map(|end| &content[std::mem::replace(&mut begin, *end)..*end]);
        cells.map(|cell| Some(std::str::from_utf8(cell).ok()?.trim().to_owned())).collect()
    }

    fn read_csv(&mut self, text: &str) {
        let Some(cells) = self.cells(text) else {
            return self.note("bad_csv", "", "the line is not CSV".to_owned(), "quote what has commas");
        };
        let Some(columns) = self.columns.clone() else {
            for name in cells.iter().filter(|name| !COLUMNS.contains(&name.as_str())) {
                let cause = format!("there is no column {:?}", shortened(name));
                self.note("unknown_column", "", cause, &format!("the columns are {}", COLUMNS.join(", ")));
            }
            if !cells.iter().any(|name| name == "number") || !cells.iter().any(|name| name == "size_type") {
                let cause = "the first line does not name the columns number and size_type".to_owned();
                self.note("no_header", "", cause, &format!("the columns are {}", COLUMNS.join(", ")));
            }
            self.columns = Some(cells);
            return;
        };
        if cells.len() != columns.len() {
            let cause = format!("the line has {} cells, the first one {}", cells.len(), columns.len());
            return self.note("bad_csv", "", cause, "give each column a cell");
        }
        let row: BTreeMap<&str, &str> = columns
            .iter()
            .map(String::as_str)
            .zip(cells.iter().map(String::as_str))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        let before = self.issues.len();
        let text = |name: &str| row.get(name).map(|cell| (*cell).to_owned());
        let arrival = Arrival {
            number: text("number").unwrap_or_default(),
            size_type: text("size_type").unwrap_or_default(),
            hazard: text("hazard"),
            slot: self.cell(&row, "slot"),
            weight_kg: self.cell(&row, "weight_kg"),
            destination: self.cell(&row, "destination"),
            priority: self.cell(&row, "priority").unwrap_or_default(),
            reefer: self.flag(&row, "reefer"),
            hold: self.flag(&row, "hold"),
            status: self.cell(&row, "status"),
        };
        if self.issues.len() == before {
            self.arrivals.push((self.line, arrival));
        }
    }

    fn cell<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        row: &BTreeMap<&str, &str>,
        name: &str,
    ) -> Option<T> {
        match row.get(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let cause = format!("{:?}: {error}", shortened(row.get(name).copied().unwrap_or_default()));
                self.note("bad_cell", &format!("/{name}"), cause, "mend the cell, or leave it empty");
                None
            }
        }
    }

    fn flag(&mut self, row: &BTreeMap<&str, &str>, name: &str) -> bool {
        match row.get(name).map_or("", |cell| *cell) {
            "1" | "true" | "yes" => true,
            "" | "0" | "false" | "no" => false,
            other => {
                let cause = format!("{:?} is neither yes nor no", shortened(other));
                self.note("bad_cell", &format!("/{name}"), cause, "write true, false or nothing");
                false
            }
        }
    }
}

/// What became of a list.
pub enum Taken {
    /// Containers were taken over.
    Over {
        /// What was done.
        receipt: Box<Receipt>,
        /// Whether that was before, under the same key.
        again: bool,
        /// What is wrong with lines that were left out.
        issues: Vec<Issue>,
    },
    /// Nothing was taken over: what is wrong.
    Not(Vec<Issue>),
    /// Nothing was taken over, whatever the list says.
    Refused(Refusal),
}

/// A list on its way into a terminal, all or none. Where a line could not be read, the others are looked at as well, so that all that is
/// wrong is told at once.
///
/// Where good lines are kept, bad ones are left out and the rest is tried again, because what stands on a bad one is bad as well. And
/// where the store takes fewer at once, such a list is taken over in parts, each by a key of its own: a retry finds the parts that were
/// done, and goes on. A stack is filled from the ground up, so a part stands on the ones before it.
pub struct TakeOver {
    arrivals: Vec<(usize, Arrival)>,
    /// Parts that are still to come, the last one first.
    later: Vec<Vec<(usize, Arrival)>>,
    part: usize,
    done: Option<(Receipt, bool)>,
    issues: Vec<Issue>,
    keep_good: bool,
    tries: usize,
}

impl TakeOver {
    /// What a loader has read to its end, for a store that takes so many at once.
    pub fn new(loader: Loader, keep_good: bool, at_once: usize) -> Self {
        let Loader { mut arrivals, issues, .. } = loader;
        let mut later = Vec::new();
        if keep_good && arrivals.len() > at_once {
            arrivals.sort_by(|(a, one), (b, other)| one.slot.cmp(&other.slot).then(a.cmp(b)));
            later = arrivals.chunks(at_once.max(1)).rev().map(<[_]>::to_vec).collect();
            arrivals = later.pop().unwrap_or_default();
        }
        let tries = if keep_good { TRIES } else { 1 };
        Self { arrivals, later, part: 0, done: None, issues, keep_good, tries }
    }

    /// What to try next, and which part it is; `None` where there is no use in it.
    pub fn change(&mut self) -> Option<(Change, usize)> {
        while self.tries == 0 || self.arrivals.is_empty() {
            self.arrivals = self.later.pop()?;
            (self.part, self.tries) = (self.part + 1, TRIES);
        }
        self.tries -= 1;
        let arrivals = self.arrivals.iter().map(|(_, arrival)| arrival.clone()).collect();
        Some((Change::Load { arrivals, only_check: !self.keep_good && !self.issues.is_empty() }, self.part))
    }

    /// What came of it; `None` where there is more to be tried.
    pub fn told(&mut self, outcome: Outcome) -> Option<Taken> {
        let found = match outcome {
            Outcome::Done(receipt) => return self.taken(receipt, false),
            Outcome::Again(receipt) => return self.taken(receipt, true),
            Outcome::Refused(refusal) if refusal.reason == Reason::Invalid => refusal.issues,
            Outcome::Refused(refusal) => return Some(Taken::Refused(refusal)),
        };
        let mut bad = vec![false; self.arrivals.len()];
        for mut issue in found {
            let path = issue.path.trim_start_matches('/');
            let (at, rest) = path.split_once('/').unwrap_or((path, ""));
            let at: usize = at.parse().unwrap_or_default();
            if let Some((line, _)) = self.arrivals.get(at) {
                bad[at] = true;
                issue.path = format!("/lines/{line}/{rest}");
            }
            self.issues.push(issue);
        }
        let mut at = 0;
        self.arrivals.retain(|_| {
            at += 1;
            !bad[at - 1]
        });
        None
    }

    /// A part was taken over; all of it was done before only where each part was.
    fn taken(&mut self, receipt: Receipt, again: bool) -> Option<Taken> {
        self.arrivals.clear();
        let (before, all_again) = self.done.take().map_or((0, true), |(done, again)| (done.events, again));
        self.done = Some((Receipt { events: before + receipt.events, ..receipt }, again && all_again));
        self.later.is_empty().then(|| self.over())?
    }

    fn over(&mut self) -> Option<Taken> {
        let (receipt, again) = self.done.take()?;
        Some(Taken::Over { receipt: Box::new(receipt), again, issues: self.issues() })
    }

    /// That there is nothing more to try: nothing was taken over, or the parts that had something good.
    pub fn given_up(mut self) -> Taken {
        self.over().unwrap_or_else(|| Taken::Not(self.issues()))
    }

    /// What is wrong, line after line.
    fn issues(&mut self) -> Vec<Issue> {
        let line = |issue: &Issue| issue.path.split('/').nth(2).and_then(|line| line.parse::<usize>().ok());
        let mut issues = std::mem::take(&mut self.issues);
        issues.sort_by_key(line);
        issues
    }
}

impl From<&Container> for Arrival {
    /// As it would have to be loaded to be the same again.
    fn from(container: &Container) -> Self {
        let Container { number, status, slot, details } = container.clone();
        Self {
            number,
            slot,
            size_type: details.size_type,
            weight_kg: details.weight_kg,
            reefer: details.reefer,
            hazard: details.hazard,
            destination: details.destination,
            priority: details.priority,
            hold: details.hold,
            status: Some(status),
        }
    }
}

impl Format {
    /// What comes before the first container.
    pub fn head(self) -> String {
        if self == Self::Csv { COLUMNS.join(",") + "\n" } else { String::new() }
    }

    /// A container as a line.
    pub fn line(self, container: &Container) -> String {
        let it = Arrival::from(container);
        if self == Self::Lines {
            // Plain data always serialises.
            return serde_json::to_string(&it).unwrap_or_default() + "\n";
        }
        let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string).unwrap_or_default();
        let flag = |value: bool| if value { "true" } else { "" }.to_owned();
        // No cell has a comma or a quote in it: all are numbers, places or ids.
        let cells = [
            it.number,
            text(it.slot.as_ref().map(|slot| slot as _)),
            it.size_type,
            text(it.weight_kg.as_ref().map(|kg| kg as _)),
            flag(it.reefer),
            it.hazard.unwrap_or_default(),
            text(it.destination.as_ref().map(|to| to as _)),
            it.priority.to_string(),
            flag(it.hold),
            container.status.name().to_owned(),
        ];
        cells.join(",") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "number,slot,size_type,weight_kg,destination,hold\n\
        CSQU3054383,A/1/1/1,22G1,20000,call:X,\n\nZEPU0037255,,45G1,,,yes\nX,A/1,22G1,many,,\nshort\n";

    #[test]
    fn a_table_reads_the_same_in_pieces_of_any_size() {
        for size in [1, 2, 7, 1000] {
            let mut loader = Loader::new(Format::Csv);
            assert!(TABLE.as_bytes().chunks(size).all(|piece| loader.take(piece)));
            loader.end();
            let numbers: Vec<_> =
                loader.arrivals.iter().map(|(line, arrival)| (*line, arrival.number.as_str())).collect();
            assert_eq!(numbers, [(2, "CSQU3054383"), (4, "ZEPU0037255")]);
            let wrong: Vec<_> = loader.issues.iter().map(|issue| issue.path.as_str()).collect();
            assert_eq!(wrong, ["/lines/5/slot", "/lines/5/weight_kg", "/lines/6"]);
        }
    }

    #[test]
    fn a_long_list_comes_in_parts_from_the_ground_up_and_goes_on_where_it_was() {
        let mut loader = Loader::new(Format::Csv);
        loader.take(
            b"number,slot,size_type\n5,A/1/1/3,22G1\n4,A/1/1/2,22G1\n3,A/1/1/1,22G1\n2,,22G1\n1,,22G1\nX,A/1,22G1\n",
        );
        loader.end();
        let mut list = TakeOver::new(loader, true, 2);
        let next = |list: &mut TakeOver| match list.change() {
            Some((Change::Load { arrivals, only_check: false }, part)) => {
                Some((part, arrivals.into_iter().map(|arrival| arrival.number).collect::<String>()))
            }
            _ => None,
        };
        let some = |part, numbers: &str| Some((part, numbers.to_owned()));
        let receipt = |version, events| Receipt {
            version,
            at: jiff::Timestamp::UNIX_EPOCH,
            record: None,
            created: false,
            events,
        };
        let bad = |path: &str| Outcome::Refused(Refusal::issues(vec![Issue::new("bad", path.to_owned(), "", "")]));
        assert_eq!(next(&mut list), some(0, "21"));
        // An earlier try had come as far as that.
        assert!(list.told(Outcome::Again(receipt(3, 2))).is_none());
        assert_eq!(next(&mut list), some(1, "34"));
        assert!(list.told(bad("/1/slot")).is_none());
        assert_eq!(next(&mut list), some(1, "3"), "the rest of the same part");
        assert!(list.told(Outcome::Done(receipt(9, 1))).is_none());
        assert_eq!(next(&mut list), some(2, "5"));
        assert!(list.told(bad("/0/slot")).is_none());
        assert_eq!(next(&mut list), None);
        let Taken::Over { receipt, again, issues } = list.given_up() else { panic!("parts of it are there") };
        assert_eq!((receipt.version, receipt.events, again), (9, 3, false));
        let lines: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
        assert_eq!(lines, ["/lines/2/slot", "/lines/3/slot", "/lines/7/slot"]);
    }

    #[test]
    fn lines_of_json_say_where_they_are_wrong() {
        let mut loader = Loader::new(Format::Lines);
        loader.take(b"{\"number\":\"CSQU3054383\",\"size_type\":\"22G1\"}\n{\"number\":1}\n{}{}\nno");
        loader.end();
        assert_eq!(loader.arrivals.len(), 1);
        let wrong: Vec<_> = loader.issues.iter().map(|issue| (issue.path.as_str(), issue.code.as_ref())).collect();
        assert_eq!(wrong, [("/lines/2/number", "wrong_shape"), ("/lines/3", "wrong_shape"), ("/lines/4", "not_json")]);
    }
}
