//! Draws panels, as SVG: what a real Prometheus answered to their queries. Plain, since Grafana
//! draws them for who is on call.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::prometheus::Series;

const COLUMNS: usize = 3;
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 190.0;
/// The plot within a panel: left, top, width, height.
const PLOT: (f64, f64, f64, f64) = (44.0, 30.0, 344.0, 100.0);
const LEGEND_LINES: usize = 3;
/// Parts of the time axis, each with its label.
const TIMES: u32 = 4;
/// Follows what the reader's browser asks for.
const STYLE: &str = "<style>text{fill:#222}.back{fill:#fff}.frame{fill:none;stroke:#bbb}.axis{fill:#666}\
     path.limit{stroke:#c4162a}text.limit{fill:#c4162a}\
     @media(prefers-color-scheme:dark){text{fill:#ddd}.back{fill:#181b1f}.frame{stroke:#555}.axis{fill:#999}\
     path.limit{stroke:#ff7383}text.limit{fill:#ff7383}}</style>";
const COLOURS: [&str; 8] = [
    "#3274d9", "#e0752d", "#2f9e44", "#c4162a", "#8f3bb8", "#967302", "#0a8a8a", "#6e6e6e",
];

/// A panel with what its queries gave.
pub(crate) struct Drawn {
    /// Its title.
    pub(crate) title: String,
    /// Grafana's name of the unit of its values.
    pub(crate) unit: String,
    /// The values at which something is wrong, or right again.
    pub(crate) thresholds: Vec<f64>,
    /// Its lines, each with a name.
    pub(crate) lines: Vec<(String, Series)>,
}

/// One picture of all panels, from `from` on, `seconds` long.
pub(crate) fn draw(title: &str, panels: &[Drawn], from: f64, seconds: f64) -> String {
    let rows = u32::try_from(panels.len().div_ceil(COLUMNS)).unwrap_or(u32::MAX);
    let (width, height) = (WIDTH * 3.0, HEIGHT * f64::from(rows) + 30.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"10\">\n\
         {STYLE}\n<rect width=\"{width}\" height=\"{height}\" class=\"back\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"14\">{}</text>\n",
        escaped(title)
    );
    let mut place = (0.0, 30.0);
    for panel in panels {
        _ = writeln!(
            svg,
            "<g transform=\"translate({:.0} {:.0})\">",
            place.0, place.1
        );
        panel.draw(&mut svg, from, seconds);
        svg.push_str("</g>\n");
        place.0 += WIDTH;
        if place.0 >= width {
            place = (0.0, place.1 + HEIGHT);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

impl Drawn {
    fn draw(&self, svg: &mut String, from: f64, seconds: f64) {
        let (left, top, width, height) = PLOT;
        let most = self.most();
        _ = writeln!(
            svg,
            "<text x=\"8\" y=\"20\" font-weight=\"bold\">{}</text>\n\
             <rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" class=\"frame\"/>\n\
             <text x=\"40\" y=\"{:.0}\" text-anchor=\"end\">{}</text><text x=\"40\" y=\"{:.0}\" text-anchor=\"end\">0</text>",
            escaped(&self.title),
            top + 8.0,
            amount(most, &self.unit),
            top + height
        );
        self.draw_thresholds(svg, most);
        for tick in 0..=TIMES {
            let share = f64::from(tick) / f64::from(TIMES);
            _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.0}\" class=\"axis\" text-anchor=\"middle\">{:.0} s</text>",
                left + share * width,
                top + height + 12.0,
                share * seconds
            );
        }
        for (index, (_name, series)) in self.lines.iter().enumerate() {
            let mut path = String::new();
            for (at, value) in numbers(series) {
                let x = left + (at - from) / seconds * width;
                let y = top + height - (value / most).clamp(0.0, 1.0) * height;
                _ = write!(
                    path,
                    "{}{x:.0} {y:.1}",
                    if path.is_empty() { "M" } else { "L" }
                );
            }
            let colour = COLOURS[index % COLOURS.len()];
            _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\"/>"
            );
        }
        self.name_lines(svg);
    }

    /// A dashed line for each threshold that is within the scale, and in words the first that is
    /// not.
    fn draw_thresholds(&self, svg: &mut String, most: f64) {
        let (left, top, width, height) = PLOT;
        let (within, beyond): (Vec<f64>, Vec<f64>) = self
            .thresholds
            .iter()
            .copied()
            .partition(|value| *value <= most);
        for threshold in within {
            let y = top + height - threshold / most * height;
            _ = writeln!(
                svg,
                "<path d=\"M{left:.0} {y:.1}h{width:.0}\" class=\"limit\" stroke-dasharray=\"4 3\"/>"
            );
        }
        if let Some(limit) = beyond.first() {
            _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.0}\" class=\"limit\" text-anchor=\"end\">limit {}</text>",
                left + width - 4.0,
                top + 10.0,
                amount(*limit, &self.unit)
            );
        }
    }

    /// The legend: as many names as have room.
    fn name_lines(&self, svg: &mut String) {
        let mut place = (PLOT.0, PLOT.1 + PLOT.3 + 26.0);
        let mut lines = 1;
        for (index, (name, _series)) in self.lines.iter().enumerate() {
            let room = 5.4 * f64::from(u32::try_from(name.len()).unwrap_or(u32::MAX)) + 14.0;
            if place.0 + room > WIDTH && place.0 > PLOT.0 {
                place = (PLOT.0, place.1 + 12.0);
                lines += 1;
            }
            if lines > LEGEND_LINES {
                break;
            }
            let colour = COLOURS[index % COLOURS.len()];
            _ = writeln!(
                svg,
                "<text x=\"{:.0}\" y=\"{:.0}\" style=\"fill:{colour}\">{}</text>",
                place.0,
                place.1,
                escaped(name)
            );
            place.0 += room;
        }
    }

    /// The top of the scale.
    fn most(&self) -> f64 {
        let values = self
            .lines
            .iter()
            .flat_map(|(_name, series)| numbers(series));
        let most = values.map(|(_at, value)| value).fold(0.0, f64::max);
        if most > 0.0 { most } else { 1.0 }
    }
}

/// How a line is called: the legend with its labels put in.
pub(crate) fn name_of(legend: &str, labels: &BTreeMap<String, String>) -> String {
    let named = labels
        .iter()
        .fold(legend.to_owned(), |name, (label, value)| {
            name.replace(&format!("{{{{{label}}}}}"), value)
        });
    // A label that is not there has no value.
    named
        .split("{{")
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn numbers(series: &Series) -> impl Iterator<Item = (f64, f64)> {
    let numbers = series
        .values
        .iter()
        .filter_map(|(at, value)| Some((*at, value.parse().ok()?)));
    numbers.filter(|(_at, value): &(f64, f64)| value.is_finite())
}

/// A value as people read it, with its unit as Grafana names it.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "percentunit" => format!("{} %", number(value * 100.0)),
        "bytes" => format!("{} MiB", number(value / f64::from(1 << 20))),
        "reqps" | "ops" => format!("{}/s", number(value)),
        "s" => format!("{} s", number(value)),
        _ => number(value),
    }
}

fn number(value: f64) -> String {
    if value >= 1e6 {
        format!("{:.0}M", value / 1e6)
    } else if value >= 1e4 {
        format!("{:.0}k", value / 1e3)
    } else if value >= 10.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[test]
fn a_line_is_named_by_its_labels() {
    let labels = BTreeMap::from([("type".to_owned(), "account.linked".to_owned())]);
    assert_eq!(name_of("p95 {{type}}", &labels), "p95 account.linked");
    assert_eq!(name_of("p95 {{kind}}", &labels), "p95");
}

#[test]
fn a_panel_is_drawn_to_its_greatest_value() {
    let values = vec![
        (10.0, "0".to_owned()),
        (15.0, "NaN".to_owned()),
        (20.0, "8".to_owned()),
    ];
    let series = Series {
        metric: BTreeMap::new(),
        values,
    };
    let title = "a < b".to_owned();
    let panel = Drawn {
        title,
        unit: "s".to_owned(),
        thresholds: vec![4.0, 900.0],
        lines: vec![("x".to_owned(), series)],
    };
    let svg = draw("All", &[panel], 10.0, 10.0);
    assert!(svg.contains("M44 130.0L388 30.0"), "{svg}");
    assert!(svg.contains(">0 s<") && svg.contains(">10 s<"), "{svg}");
    assert!(svg.contains("prefers-color-scheme:dark"), "{svg}");
    assert!(
        svg.contains("a &lt; b") && svg.contains(">8.00 s<"),
        "{svg}"
    );
    assert!(
        svg.contains("M44 80.0h344") && svg.contains(">limit 900 s<"),
        "{svg}"
    );
}
