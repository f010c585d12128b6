//! A bay as people look at it, from the side: rows from left to right, tiers from the ground up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::container::Container;
use super::layout::{Block, Spec, StackAt};
use super::port::All;

/// Columns of a container in text: its number and a mark.
const CELL: usize = 13;
/// Size of a container in the picture.
const WIDE: u32 = 116;
/// See [`WIDE`].
const HIGH: u32 = 34;

/// A bay with all that stands in it.
pub struct Bay<'a> {
    block: &'a Block,
    number: u16,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    number: u16,
    max_tiers: usize,
    closed: bool,
    plugs: bool,
    /// From the ground up.
    held: Vec<&'a Container>,
}

impl<'a> Bay<'a> {
    /// A bay of a block; `None` where there is no such bay.
    pub fn of(all: &'a All, block: &str, bay: u16) -> Option<Self> {
        let spec: &Spec = all.spec()?;
        let block = spec.block(block).filter(|block| (1..=block.bays).contains(&bay))?;
        let mut held: BTreeMap<u16, BTreeMap<u8, &Container>> = BTreeMap::new();
        for container in all.containers() {
            if let Some(slot) = container.slot.as_ref().filter(|it| it.stack.block == block.id && it.stack.bay == bay) {
                held.entry(slot.stack.row).or_default().insert(slot.tier, container);
            }
        }
        let row = |row: u16| {
            let ground = spec.ground(&StackAt { block: block.id.clone(), bay, row })?;
            let held = held.remove(&row).unwrap_or_default().into_values().collect();
            let (closed, plugs) = (ground.closed, ground.plugs);
            Some(Row { number: row, max_tiers: ground.max_tiers.into(), closed, plugs, held })
        };
        Some(Self { block, number: bay, rows: (1..=block.rows).filter_map(row).collect() })
    }

    fn tiers(&self) -> usize {
        self.rows.iter().map(|row| row.max_tiers.max(row.held.len())).max().unwrap_or_default()
    }

    fn title(&self) -> String {
        let held: usize = self.rows.iter().map(|row| row.held.len()).sum();
        let room: usize = self.rows.iter().filter(|row| !row.closed).map(|row| row.max_tiers).sum();
        format!("block {}, bay {} · {held} containers in {room} slots", self.block.id, self.number)
    }

    /// As text: a number where a container stands, `·` where one may be put, `x` where nothing is put.
    pub fn text(&self) -> String {
        let mut text = self.title() + "\n\n";
        for tier in (0..self.tiers()).rev() {
            let mut line = format!("{:>3}  ", tier + 1);
            for row in &self.rows {
                let cell = match row.held.get(tier) {
                    Some(container) => container.number.clone() + mark(container),
                    None if tier >= row.max_tiers => String::new(),
                    None if row.closed => "x".to_owned(),
                    None => "·".to_owned(),
                };
                let _ = write!(line, "{cell:<CELL$}");
            }
            text += line.trim_end();
            text.push('\n');
        }
        let names = self
            .rows
            .iter()
            .map(|row| format!("{:<CELL$}", format!("{}{}", row.number, if row.plugs { " plugs" } else { "" })));
        text += format!("row  {}", names.collect::<String>()).trim_end();
        text + "\n\nr reefer  ! dangerous goods  h on hold\n"
    }

    /// As a picture. Every text in it is a number or an id, in which nothing has to be escaped.
    pub fn svg(&self) -> String {
        let (left, top) = (40, 60);
        let ground = top + self.tiers() as u32 * HIGH;
        let (width, height) = (left + self.rows.len() as u32 * WIDE + 20, ground + 50);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\">\n\
             <title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"20\" y=\"32\" font-size=\"18\" font-weight=\"600\" fill=\"#1c2733\">{title}</text>\n",
            title = self.title()
        );
        for tier in 0..self.tiers() as u32 {
            let y = ground - tier * HIGH - HIGH / 2 + 4;
            let _ = writeln!(
                svg,
                "<text x=\"28\" y=\"{y}\" font-size=\"12\" text-anchor=\"end\" fill=\"#5b6875\">{}</text>",
                tier + 1
            );
        }
        for (at, row) in self.rows.iter().enumerate() {
            let x = left + at as u32 * WIDE;
            let high = row.max_tiers as u32 * HIGH;
            let fill = if row.closed { "#e3e7eb" } else { "#f5f7f9" };
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"{WIDE}\" height=\"{high}\" fill=\"{fill}\" stroke=\"#d3dae1\"/>",
                ground - high
            );
            for (tier, container) in row.held.iter().enumerate() {
                drawn(&mut svg, container, x, ground - (tier as u32 + 1) * HIGH);
            }
            let marks = [(row.plugs, " · plugs"), (row.closed, " · closed")];
            let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#5b6875\">row {}{marks}</text>",
                x + WIDE / 2,
                ground + 20,
                row.number
            );
        }
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" y1=\"{ground}\" x2=\"{}\" y2=\"{ground}\" stroke=\"#1c2733\" stroke-width=\"2\"/>\n</svg>",
            width - 20
        );
        svg
    }
}

fn mark(container: &Container) -> &'static str {
    match &container.details {
        details if details.hold => "h",
        details if details.hazard.is_some() => "!",
        details if details.reefer => "r",
        _ => "",
    }
}

fn drawn(svg: &mut String, container: &Container, x: u32, y: u32) {
    let details = &container.details;
    // Marked in words as well as by colour.
    let (fill, mark) = match mark(container) {
        "h" => ("#f3d9d9", "hold"),
        "!" => ("#f6e3c0", "dangerous goods"),
        "r" => ("#d5e8f2", "reefer"),
        _ => ("#dfe5ea", ""),
    };
    let about = [
        details.size_type.clone(),
        details.weight_kg.map(|kg| format!("{kg} kg")).unwrap_or_default(),
        details.destination.as_ref().map(ToString::to_string).unwrap_or_default(),
        mark.to_owned(),
    ];
    let about = about.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
    let _ = writeln!(
        svg,
        "<g><title>{number}: {}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\" fill=\"{fill}\" stroke=\"#5b6875\"/>\
         <text x=\"{cx}\" y=\"{}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#1c2733\">{number}</text>\
         <text x=\"{cx}\" y=\"{}\" font-size=\"9\" text-anchor=\"middle\" fill=\"#5b6875\">{}</text></g>",
        about.join(", "),
        x + 2,
        y + 2,
        WIDE - 4,
        HIGH - 4,
        y + 15,
        y + 27,
        [about.first().map_or("", String::as_str), mark].join(" ").trim_end(),
        number = container.number,
        cx = x + WIDE / 2,
    );
}

#[cfg(test)]
mod tests {
    use super::super::event::{Body, Record, Stamp};
    use super::*;

    #[test]
    fn a_bay_is_drawn() {
        let spec: Spec = serde_json::from_str(
            r#"{"blocks":[{"id":"A","bays":2,"rows":3,"max_tiers":3,"exceptions":[{"bay":2,"row":1,"plugs":true},{"bay":2,"row":2,"max_tiers":2,"closed":true}]}]}"#,
        )
        .expect("a layout");
        let container = |json: &str| Body::Container(serde_json::from_str(json).expect("a container"));
        let bodies = [
            Body::Terminal(Box::new(spec)),
            container(
                r#"{"number":"CSQU3054383","status":"stored","slot":"A/2/1/1","size_type":"45R1","reefer":true}"#,
            ),
            container(r#"{"number":"ZEPU0037255","status":"stored","slot":"A/2/1/2","size_type":"22G1","hold":true}"#),
            container(r#"{"number":"PTLU0000012","status":"stored","slot":"A/1/3/1","size_type":"22G1"}"#),
        ];
        let stamp = Stamp { version: 1, at: jiff::Timestamp::UNIX_EPOCH, by: "t".to_owned() };
        let records = bodies.into_iter().map(|body| Record { body, stamp: stamp.clone() }).collect();
        let all = All { version: 4, records };
        let bay = Bay::of(&all, "A", 2).expect("there is one");
        assert_eq!(
            bay.text(),
            "block A, bay 2 · 2 containers in 6 slots\n\n  \
             3  ·                         ·\n  2  ZEPU0037255h x            ·\n  1  CSQU3054383r x            ·\n\
             row  1 plugs      2            3\n\nr reefer  ! dangerous goods  h on hold\n"
        );
        let svg = bay.svg();
        assert!(
            ["CSQU3054383", "row 1 · plugs", "row 2 · closed", "hold"].iter().all(|word| svg.contains(word)),
            "{svg}"
        );
        assert!(Bay::of(&all, "A", 3).is_none() && Bay::of(&all, "B", 1).is_none());
    }
}
