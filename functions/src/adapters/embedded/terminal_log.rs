//! The log of terminals: what they have confirmed since the database was last made safe.
//!
//! A durable transaction of the database writes pages all over its file and waits for the disk twice, because it also saves which
//! pages are free: without that, a restart after a crash would walk through the whole file. For every batch of moves it would be too much.
//! So a batch is confirmed once its events are in this log: written in one piece, over space that the file has already, and waited for
//! once. In the database it is committed without waiting. A batch that the log has no room for is committed durably, which makes safe
//! all that came before; the log then begins anew.
//!
//! After a crash the database is as it was when it was last made safe, and the groups of the log that it does not have are written again.
//!
//! ```text
//! group: length of the body (4 bytes), number (8), first 8 bytes of SHA-256 of number and body, body
//! body:  fields of a tag (1 byte), a length (4) and a content: S terminal, E event in JSON, K idempotency key, U what it was used for in JSON
//! ```
//!
//! Groups are numbered without a gap, and the database keeps the number of the last one it has. What is left in the file from before it
//! began anew has smaller numbers, and ends the reading; so does a group that was not written to its end, which nobody was told about.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use redb::Database;
use sha2::{Digest, Sha256};

use super::Fault;
use super::terminal_tables::Tables;

/// The file in the data folder.
const FILE: &str = "terminals.log";
/// Bytes of it: some ten thousand moves, which a restart writes again within a second.
const SIZE: u64 = 16 << 20;
const HEAD: usize = 20;

/// What a batch does, in the making.
pub(super) struct Group {
    /// The head, to be filled in, and the body.
    bytes: Vec<u8>,
}

impl Group {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; HEAD] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == HEAD
    }

    pub(super) fn field(&mut self, tag: u8, content: &[u8]) {
        self.bytes.push(tag);
        self.bytes.extend_from_slice(&(content.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(content);
    }
}

/// The file.
pub(super) struct Log {
    file: File,
    /// Where the next group goes.
    end: u64,
    /// Its number.
    pub(super) next: u64,
}

impl Log {
    /// Opens or makes the log of a folder. Returns it with the bodies of the groups after the one of number `last`, which the database has.
    pub(super) fn open(folder: &Path, last: u64) -> Result<(Self, Vec<Vec<u8>>), Fault> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(FILE))?;
        if file.metadata()?.len() < SIZE {
            // Space that is there already is written to without a change of the file system's own records.
            file.write_all_at(&vec![0; SIZE as usize], 0)?;
            file.sync_all()?;
            // A file whose name is not on disk is lost with all that is in it.
            File::open(folder)?.sync_all()?;
        }
        let mut bytes = vec![0; SIZE as usize];
        file.read_exact_at(&mut bytes, 0)?;
        let groups = groups(&bytes, last)?;
        let next = last + groups.len() as u64 + 1;
        let groups = groups.into_iter().map(<[u8]>::to_vec).collect();
        // Not over what is still needed: whoever opens it begins it anew once the database is safe.
        Ok((Self { file, end: SIZE, next }, groups))
    }

    /// Whether there is room.
    pub(super) fn takes(&self, group: &Group) -> bool {
        self.end + group.bytes.len() as u64 <= SIZE
    }

    /// Writes a group and waits for the disk. It counts once [`Self::advance`] is called; until then the next one takes its place.
    pub(super) fn append(&self, group: &mut Group) -> Result<(), Fault> {
        let length = (group.bytes.len() - HEAD) as u32;
        let check = check(self.next, &group.bytes[HEAD..]);
        group.bytes[..4].copy_from_slice(&length.to_be_bytes());
        group.bytes[4..12].copy_from_slice(&self.next.to_be_bytes());
        group.bytes[12..HEAD].copy_from_slice(&check);
        self.file.write_all_at(&group.bytes, self.end)?;
        self.file.sync_data()?;
        Ok(())
    }

    /// A group was written, and the database has it.
    pub(super) fn advance(&mut self, group: &Group) {
        self.end += group.bytes.len() as u64;
        self.next += 1;
    }

    /// The database is safe: what the log has is not needed any more.
    pub(super) fn begin_anew(&mut self) {
        self.end = 0;
    }
}

/// The log of a folder, once all it has is safely in the database.
pub(super) fn caught_up(db: &Database, folder: &Path) -> Result<Log, Fault> {
    let mut transaction = db.begin_write()?;
    transaction.set_quick_repair(true);
    let (mut log, groups) = {
        let mut tables = Tables::open(&transaction)?;
        let (log, groups) = Log::open(folder, tables.last_group()?)?;
        for body in &groups {
            tables.write_again(body)?;
        }
        tables.has_group(log.next - 1)?;
        (log, groups.len())
    };
    transaction.commit()?;
    log.begin_anew();
    if groups > 0 {
        tracing::info!(groups, "the database did not have the last of its terminals; they were taken from the log");
    }
    Ok(log)
}

fn check(number: u64, body: &[u8]) -> [u8; 8] {
    let digest = Sha256::new().chain_update(number.to_be_bytes()).chain_update(body).finalize();
    std::array::from_fn(|at| digest[at])
}

/// Bodies of the groups after the one of number `last`.
fn groups(mut bytes: &[u8], last: u64) -> Result<Vec<&[u8]>, Fault> {
    let mut found = Vec::new();
    let mut before: Option<u64> = None;
    while let Some((number, body, rest)) = group(bytes) {
        if before.is_some_and(|before| number != before + 1) {
            break;
        }
        if before.is_none() && number > last + 1 {
            return Err(format!("the log begins with group {number}, and the database ends with {last}").into());
        }
        if number > last {
            found.push(body);
        }
        (before, bytes) = (Some(number), rest);
    }
    Ok(found)
}

/// Number and body of the first group, and what follows it; `None` where there is no whole one.
fn group(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let length = u32::from_be_bytes(head[..4].try_into().ok()?);
    let number = u64::from_be_bytes(head[4..12].try_into().ok()?);
    let (body, rest) = rest.split_at_checked(length as usize)?;
    (length > 0 && head[12..] == check(number, body)).then_some((number, body, rest))
}

/// The fields of a body.
pub(super) fn fields(mut body: &[u8]) -> Result<Vec<(u8, &[u8])>, Fault> {
    let mut found = Vec::new();
    while let Some((tag, rest)) = body.split_first() {
        let field = || {
            let (length, rest) = rest.split_at_checked(4)?;
            rest.split_at_checked(u32::from_be_bytes(length.try_into().ok()?) as usize)
        };
        let (content, rest) = field().ok_or("a group of the log ends within a field")?;
        found.push((*tag, content));
        body = rest;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group_of(text: &str) -> Group {
        let mut group = Group::new();
        group.field(b'E', text.as_bytes());
        group
    }

    fn read(groups: &[Vec<u8>]) -> Vec<String> {
        let text = |body: &Vec<u8>| {
            let fields = fields(body).unwrap_or_default();
            fields.iter().map(|(_, content)| String::from_utf8_lossy(content).into_owned()).collect()
        };
        groups.iter().map(text).collect()
    }

    #[test]
    fn what_was_written_is_read_after_a_crash_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("portolan-log-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let open = |last| Log::open(&folder, last).map_err(|fault| fault.0.to_string());
        let write = |log: &mut Log, text: &str| {
            let mut group = group_of(text);
            assert!(log.takes(&group));
            log.append(&mut group).map_err(|fault| fault.0).expect("the disk works");
            log.advance(&group);
        };
        let (mut log, found) = open(0).expect("a new log");
        assert!(found.is_empty() && !log.takes(&group_of("a")), "it begins once the database is safe");
        log.begin_anew();
        for text in ["a", "bb", "ccc"] {
            write(&mut log, text);
        }
        // Written, but not counted: the next takes its place.
        log.append(&mut group_of("lost")).map_err(|fault| fault.0).expect("the disk works");
        write(&mut log, "d");
        assert_eq!(
            open(0).map(|(log, found)| (log.next, read(&found))),
            Ok((5, ["a", "bb", "ccc", "d"].map(str::to_owned).to_vec()))
        );
        assert_eq!(
            open(2).map(|(_, found)| read(&found)),
            Ok(vec!["ccc".to_owned(), "d".to_owned()]),
            "the database has two of them"
        );
        assert_eq!(open(9).map(|(log, found)| (log.next, found.len())), Ok((10, 0)), "the database has all of them");

        let (mut log, _) = open(4).expect("a log");
        log.begin_anew();
        write(&mut log, "e");
        assert_eq!(open(4).map(|(_, found)| read(&found)), Ok(vec!["e".to_owned()]), "what is left behind it is older");
        assert!(open(2).is_err(), "groups are missing between the database and the log");
        // A group that was not written to its end.
        log.append(&mut group_of("torn")).map_err(|fault| fault.0).expect("the disk works");
        let file = OpenOptions::new().write(true).open(folder.join(FILE)).expect("the log");
        file.write_all_at(b"?", log.end + 22).expect("the disk works");
        assert_eq!(open(4).map(|(_, found)| read(&found)), Ok(vec!["e".to_owned()]));
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }

    #[test]
    fn a_damaged_body_is_no_panic() {
        let damaged: [&[u8]; 3] = [b"E", b"E\0\0\0", b"E\xff\xff\xff\xffabc"];
        assert!(damaged.iter().all(|body| fields(body).is_err()));
        assert!(group(&[0; 8]).is_none() && group(&[0; 64]).is_none());
    }
}
