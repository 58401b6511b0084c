//! The committed table of reference rates: what one euro was worth, by currency and day. No arithmetic here.
//!
//! The bytes come from `data/convert.py`; `data/README.md` says from where. They are unpacked once, at the first
//! question.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use jiff::civil::Date;

use crate::decimal::Decimal;

/// Who published the rates, as every answer says.
pub(crate) const SOURCE: &str = "European Central Bank, euro foreign exchange reference rates";

static PACKED: &[u8] = include_bytes!("../data/ecb-rates.gz");
static TABLE: LazyLock<Table> =
    LazyLock::new(|| unpack(PACKED).expect("the committed table is read whole by a test of this file"));

/// All days on which rates were published, and every currency's rates on them.
pub(crate) struct Table {
    days: Vec<Date>,
    currencies: BTreeMap<String, Quotes>,
}

struct Quotes {
    scale: u32,
    /// One entry a day, in units of ten to the minus `scale`; 0 where nothing was published.
    units: Vec<u32>,
}

/// A day of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day(usize);

/// Why a day has no rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutOfRange {
    /// Before the first day of the table.
    Before(Date),
    /// After the last day of the table.
    After(Date),
}

impl Table {
    /// The table that the program carries.
    pub(crate) fn shipped() -> &'static Self {
        &TABLE
    }

    pub(crate) fn latest(&self) -> Day {
        Day(self.days.len() - 1)
    }

    /// The day itself if rates were published on it, else the last one before.
    pub(crate) fn on_or_before(&self, date: Date) -> Result<Day, OutOfRange> {
        let last = self.date(self.latest());
        if date > last {
            return Err(OutOfRange::After(last));
        }
        match self.days.partition_point(|day| *day <= date) {
            0 => Err(OutOfRange::Before(self.days[0])),
            after => Ok(Day(after - 1)),
        }
    }

    pub(crate) fn date(&self, day: Day) -> Date {
        self.days[day.0]
    }

    /// What one euro is worth in `code` on `day`; the euro itself is worth one.
    pub(crate) fn per_euro(&self, code: &str, day: Day) -> Option<Decimal> {
        if code == "EUR" {
            return Some(Decimal::ONE);
        }
        let quotes = self.currencies.get(code)?;
        match quotes.units[day.0] {
            0 => None,
            units => Some(Decimal::new(u128::from(units), quotes.scale)),
        }
    }

    /// Every code of the table and `EUR`, in order.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self
            .currencies
            .keys()
            .map(String::as_str)
            .chain(["EUR"])
            .collect();
        codes.sort_unstable();
        codes
    }

    /// The first and the last day with a rate of `code`.
    pub(crate) fn span(&self, code: &str) -> Option<(Date, Date)> {
        if code == "EUR" {
            return Some((self.days[0], self.date(self.latest())));
        }
        let units = &self.currencies.get(code)?.units;
        let first = units.iter().position(|unit| *unit > 0)?;
        let last = units.iter().rposition(|unit| *unit > 0)?;
        Some((self.days[first], self.days[last]))
    }
}

/// Reads the packed table; nothing when it is damaged.
fn unpack(packed: &[u8]) -> Option<Table> {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).ok()?;
    let mut lines = text.lines();
    let days: Vec<Date> = lines
        .next()?
        .split(',')
        .map(|day| day.parse().ok())
        .collect::<Option<_>>()?;
    let mut currencies = BTreeMap::new();
    for line in lines {
        let mut parts = line.splitn(3, ':');
        let code = parts.next()?.to_owned();
        let scale = parts.next()?.parse().ok()?;
        let units = changes(parts.next()?)?;
        if units.len() != days.len() {
            return None;
        }
        currencies.insert(code, Quotes { scale, units });
    }
    Some(Table { days, currencies })
}

/// Adds up a line of changes; an empty field is a day without a rate and leaves the running value alone.
fn changes(line: &str) -> Option<Vec<u32>> {
    let mut value = 0_i64;
    let mut units = Vec::new();
    for field in line.split(',') {
        if field.is_empty() {
            units.push(0);
            continue;
        }
        value += field.parse::<i64>().ok()?;
        units.push(u32::try_from(value).ok().filter(|unit| *unit > 0)?);
    }
    Some(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_is_read() {
        let table = Table::shipped();
        assert_eq!(table.days.len(), 7126);
        assert_eq!(table.currencies.len(), 41);
        assert!(table.days.is_sorted());
        assert_eq!(table.date(Day(0)).to_string(), "1999-01-04");
        assert_eq!(table.date(table.latest()).to_string(), "2026-10-30");
        let quoted: usize = table
            .currencies
            .values()
            .map(|quotes| quotes.units.iter().filter(|unit| **unit > 0).count())
            .sum();
        assert_eq!(quoted, 7126 * 41 - 70464);
    }

    /// Lines of the source, copied from the published file.
    #[test]
    fn rates_are_those_of_the_source() {
        #[track_caller]
        fn case(date: &str, code: &str, expected: Option<&str>) {
            let table = Table::shipped();
            let day = table.on_or_before(date.parse().unwrap()).unwrap();
            let rate = table.per_euro(code, day).map(|rate| rate.trimmed().to_string());
            assert_eq!(rate.as_deref(), expected, "{code} on {date}");
        }
        case("1999-01-04", "USD", Some("1.1789"));
        case("1999-01-04", "TRL", Some("372274"));
        case("1999-01-04", "BGN", None);
        case("2026-10-29", "IDR", Some("20193.16"));
        case("2026-10-30", "GBP", Some("0.8338"));
        case("2026-10-30", "ISK", Some("136"));
        case("2026-10-30", "EUR", Some("1"));
        case("2026-10-30", "HRK", None);
        case("2026-10-30", "XXX", None);
    }

    #[test]
    fn a_day_without_rates_is_the_business_day_before() {
        let table = Table::shipped();
        let on = |text: &str| {
            table
                .on_or_before(text.parse().unwrap())
                .map(|day| table.date(day).to_string())
        };
        assert_eq!(on("2026-10-25").as_deref(), Ok("2026-10-23"));
        assert_eq!(on("2026-10-26").as_deref(), Ok("2026-10-26"));
        assert!(matches!(on("1999-01-03"), Err(OutOfRange::Before(_))));
        assert!(matches!(on("2026-10-31"), Err(OutOfRange::After(_))));
    }

    #[test]
    fn damage_is_noticed() {
        assert!(unpack(b"not gzip").is_none());
        assert!(changes("1,-1").is_none());
        assert_eq!(changes("5,,-2"), Some(vec![5, 0, 3]));
    }
}
