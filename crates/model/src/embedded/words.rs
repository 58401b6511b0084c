//! Words that stand for codes and numbers. Short on purpose: what is not here
//! has to stand in the request as it is sent.

/// ISO 4217 codes, and the words and signs by which people mean them.
pub(super) const CURRENCIES: &[(&str, &[&str])] = &[
    ("AED", &["dirham", "dirhams"]),
    ("ARS", &["argentine peso", "argentine pesos"]),
    (
        "AUD",
        &["australian dollar", "australian dollars", "aussie dollars"],
    ),
    ("BGN", &["bulgarian lev", "lev"]),
    ("BRL", &["real", "reais", "brazilian real"]),
    ("CAD", &["canadian dollar", "canadian dollars"]),
    ("CHF", &["franc", "francs"]),
    ("CNY", &["yuan", "renminbi", "rmb"]),
    ("CZK", &["koruna", "czech crown", "czech crowns", "czech koruna"]),
    ("DKK", &["danish krone", "danish kroner", "danish crowns"]),
    ("EUR", &["euro", "euros", "€"]),
    ("GBP", &["pound", "pounds", "sterling", "quid", "£"]),
    ("HKD", &["hong kong dollar", "hong kong dollars"]),
    ("HUF", &["forint", "forints"]),
    ("IDR", &["rupiah"]),
    ("ILS", &["shekel", "shekels"]),
    ("INR", &["rupee", "rupees", "₹"]),
    ("ISK", &["icelandic krona", "icelandic kronur"]),
    ("JPY", &["yen", "¥"]),
    ("KRW", &["won", "₩"]),
    ("MXN", &["mexican peso", "mexican pesos"]),
    ("MYR", &["ringgit"]),
    (
        "NOK",
        &["norwegian krone", "norwegian kroner", "norwegian crowns"],
    ),
    ("NZD", &["new zealand dollar", "new zealand dollars"]),
    ("PHP", &["philippine peso", "philippine pesos"]),
    ("PLN", &["zloty", "zlotys", "zloties"]),
    ("RON", &["leu", "lei"]),
    ("RUB", &["ruble", "rubles", "rouble", "roubles"]),
    ("SEK", &["swedish krona", "swedish kronor", "swedish crowns"]),
    ("SGD", &["singapore dollar", "singapore dollars"]),
    ("THB", &["baht"]),
    ("TRY", &["lira", "liras"]),
    ("UAH", &["hryvnia"]),
    ("USD", &["dollar", "dollars", "bucks", "greenback", "$"]),
    ("ZAR", &["rand"]),
];

/// ISO 3166 codes of two and three letters, and the countries' names and
/// adjectives.
pub(super) const COUNTRIES: &[(&str, &str, &[&str])] = &[
    ("AR", "ARG", &["argentina", "argentine", "argentinian"]),
    ("AT", "AUT", &["austria", "austrian"]),
    ("AU", "AUS", &["australia", "australian"]),
    ("BE", "BEL", &["belgium", "belgian"]),
    ("BG", "BGR", &["bulgaria", "bulgarian"]),
    ("BR", "BRA", &["brazil", "brazilian"]),
    ("CA", "CAN", &["canada", "canadian"]),
    ("CH", "CHE", &["switzerland", "swiss"]),
    ("CL", "CHL", &["chile", "chilean"]),
    ("CN", "CHN", &["china", "chinese"]),
    ("CO", "COL", &["colombia", "colombian"]),
    ("CZ", "CZE", &["czechia", "czech"]),
    ("DE", "DEU", &["germany", "german"]),
    ("DK", "DNK", &["denmark", "danish"]),
    ("EG", "EGY", &["egypt", "egyptian"]),
    ("ES", "ESP", &["spain", "spanish"]),
    ("FI", "FIN", &["finland", "finnish"]),
    ("FR", "FRA", &["france", "french"]),
    (
        "GB",
        "GBR",
        &[
            "united kingdom",
            "uk",
            "britain",
            "british",
            "england",
            "english",
            "scotland",
            "wales",
        ],
    ),
    ("GR", "GRC", &["greece", "greek"]),
    ("HR", "HRV", &["croatia", "croatian"]),
    ("HU", "HUN", &["hungary", "hungarian"]),
    ("ID", "IDN", &["indonesia", "indonesian"]),
    ("IE", "IRL", &["ireland", "irish"]),
    ("IL", "ISR", &["israel", "israeli"]),
    ("IN", "IND", &["india", "indian"]),
    ("IS", "ISL", &["iceland", "icelandic"]),
    ("IT", "ITA", &["italy", "italian"]),
    ("JP", "JPN", &["japan", "japanese"]),
    ("KE", "KEN", &["kenya", "kenyan"]),
    ("KR", "KOR", &["south korea", "korea", "korean"]),
    ("MA", "MAR", &["morocco", "moroccan"]),
    ("MX", "MEX", &["mexico", "mexican"]),
    ("NG", "NGA", &["nigeria", "nigerian"]),
    ("NL", "NLD", &["netherlands", "holland", "dutch"]),
    ("NO", "NOR", &["norway", "norwegian"]),
    ("NZ", "NZL", &["new zealand"]),
    ("PE", "PER", &["peru", "peruvian"]),
    ("PH", "PHL", &["philippines", "philippine", "filipino"]),
    ("PL", "POL", &["poland", "polish"]),
    ("PT", "PRT", &["portugal", "portuguese"]),
    ("RO", "ROU", &["romania", "romanian"]),
    ("RU", "RUS", &["russia", "russian"]),
    ("SE", "SWE", &["sweden", "swedish"]),
    ("SG", "SGP", &["singapore"]),
    ("SI", "SVN", &["slovenia", "slovenian"]),
    ("SK", "SVK", &["slovakia", "slovak"]),
    ("TH", "THA", &["thailand", "thai"]),
    ("TR", "TUR", &["turkey", "türkiye", "turkish"]),
    ("UA", "UKR", &["ukraine", "ukrainian"]),
    (
        "US",
        "USA",
        &["united states", "usa", "us", "u.s.", "america", "american"],
    ),
    ("VN", "VNM", &["vietnam", "vietnamese"]),
    ("ZA", "ZAF", &["south africa", "south african"]),
];

/// ISO 639 codes, and the languages' names.
pub(super) const LANGUAGES: &[(&str, &[&str])] = &[
    ("ar", &["arabic"]),
    ("de", &["german"]),
    ("en", &["english"]),
    ("es", &["spanish"]),
    ("fr", &["french"]),
    ("hi", &["hindi"]),
    ("it", &["italian"]),
    ("ja", &["japanese"]),
    ("ko", &["korean"]),
    ("nl", &["dutch"]),
    ("pl", &["polish"]),
    ("pt", &["portuguese"]),
    ("ru", &["russian"]),
    ("sv", &["swedish"]),
    ("tr", &["turkish"]),
    ("zh", &["chinese", "mandarin"]),
];

/// Other short forms that tools like to ask for.
pub(super) const SHORT_FORMS: &[(&str, &[&str])] = &[
    ("asc", &["ascending", "oldest first"]),
    ("c", &["celsius", "centigrade"]),
    ("celsius", &["°c", "centigrade"]),
    ("desc", &["descending", "newest first"]),
    ("f", &["fahrenheit"]),
    ("fahrenheit", &["°f"]),
    ("kg", &["kilogram", "kilograms", "kilo", "kilos"]),
    ("km", &["kilometer", "kilometers", "kilometre", "kilometres"]),
    ("m", &["meter", "meters", "metre", "metres"]),
    ("mi", &["mile", "miles"]),
];

/// Words for numbers.
pub(super) const NUMBERS: &[(&str, f64)] = &[
    ("zero", 0.0),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("first", 1.0),
    ("second", 2.0),
    ("third", 3.0),
    ("single", 1.0),
    ("couple", 2.0),
    ("pair", 2.0),
    ("dozen", 12.0),
    ("half", 0.5),
    ("quarter", 0.25),
];

/// Words that multiply the number before them.
pub(super) const MULTIPLES: &[(&str, f64)] = &[
    ("hundred", 100.0),
    ("thousand", 1_000.0),
    ("k", 1_000.0),
    ("million", 1_000_000.0),
    ("m", 1_000_000.0),
    ("billion", 1_000_000_000.0),
    ("dozen", 12.0),
    ("%", 0.01),
    ("percent", 0.01),
];

/// Spans of time, and what one of them is in the units that tools count.
pub(super) const SPANS: &[(&str, &[f64])] = &[
    ("day", &[1.0, 24.0]),
    ("tomorrow", &[1.0, 2.0]),
    ("today", &[1.0]),
    ("weekend", &[2.0]),
    ("week", &[1.0, 7.0]),
    ("fortnight", &[14.0]),
    ("month", &[1.0, 30.0, 31.0]),
    ("quarter", &[3.0, 90.0]),
    ("year", &[1.0, 12.0, 365.0]),
    ("decade", &[10.0]),
    ("hour", &[1.0, 60.0, 3600.0]),
    ("minute", &[1.0, 60.0]),
    ("daily", &[1.0, 365.0]),
    ("weekly", &[7.0, 52.0]),
    ("monthly", &[12.0]),
    ("quarterly", &[4.0]),
    ("yearly", &[1.0]),
    ("annually", &[1.0]),
    ("once", &[1.0]),
    ("twice", &[2.0]),
];

/// Months by number.
pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Words that name a day only to someone who knows today's date.
pub(super) const RELATIVE_DAYS: &[&str] = &[
    "yesterday",
    "tomorrow",
    "today",
    "tonight",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "week",
    "month",
    "ago",
    "year",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_each_code_stands_once() {
        assert!(CURRENCIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(LANGUAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(SHORT_FORMS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
