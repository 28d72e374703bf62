//! What measuring on labelled lists shares: its arguments, and texts that went wrong, for people.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use unicode_width::UnicodeWidthStr;

use super::Split;
use crate::commands::terminal::{Ink, Style, isolated, padded};
use crate::training::data::Role;
use crate::training::lists::{Fault, List, Slip};

/// Labelled lists: lines of `dev` or `test`, tab, labels, tab, text.
#[derive(Args)]
pub struct Lists {
    /// Lists of lines: dev or test, tab, labels, tab, text
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Lines to measure on. Choose on dev; look at test at the end
    #[arg(long, value_enum, default_value_t = Split::Dev)]
    split: Split,
    /// Print the first N texts that went wrong, and how
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
}

impl Lists {
    /// Measures each list.
    ///
    /// # Errors
    /// A list can't be read, or a line can't be measured; with file and line.
    pub fn measured<M>(
        &self,
        measure: impl Fn(&List) -> anyhow::Result<M>,
    ) -> anyhow::Result<Vec<M>> {
        ensure!(
            !self.files.is_empty(),
            "name at least one FILE; see --help for its shape"
        );
        let measured = self.files.iter().map(|file| {
            let list = List::read(file, self.role())?;
            measure(&list).with_context(|| file.display().to_string())
        });
        measured.collect()
    }

    /// What the lines that are measured on are for.
    pub fn role(&self) -> Role {
        self.split.role()
    }

    /// Prints as many texts that went wrong as were asked for.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub fn tell<'a>(&self, slips: impl Iterator<Item = &'a Slip>) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(self.errors(slips, Ink::of_output()).as_bytes())
    }

    fn errors<'a>(&self, slips: impl Iterator<Item = &'a Slip>, ink: Ink) -> String {
        let asked = slips.take(self.errors);
        asked.map(|slip| shown(slip, ink)).collect()
    }
}

/// Place, text, and a line a fault; each text on a line of its own or isolated.
fn shown(slip: &Slip, ink: Ink) -> String {
    let place = ink.paint(Style::Faint, &format!("{}:{}", slip.list, slip.line));
    let mut told = format!("{place}\n  {}\n", isolated(&slip.text));
    let widest = |of: fn(&Fault) -> &str| {
        let widths = slip.faults.iter().map(|fault| of(fault).width());
        widths.max().unwrap_or(0)
    };
    let (ways, labels) = (widest(|f| f.way), widest(|f| &f.label));
    for fault in &slip.faults {
        let way = ink.paint(Style::Red, &padded(fault.way, ways));
        let line = match fault.words.as_str() {
            "" => format!("  {way}  {}", fault.label),
            words => format!(
                "  {way}  {}  {}",
                padded(&fault.label, labels),
                isolated(&format!("⟦{words}⟧"))
            ),
        };
        told += &line;
        told.push('\n');
    }
    told.push('\n');
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_went_wrong_is_shown_with_its_faults() {
        let fault = |way, label: &str, words: &str| Fault {
            way,
            label: label.into(),
            words: words.into(),
        };
        let slip = Slip {
            list: "fa".into(),
            line: 7,
            text: "خیلی دیر رسید".into(),
            faults: vec![
                fault("missed", "price_level:neg", ""),
                fault("too much", "delay:neg", "دیر"),
            ],
        };
        let lines = [
            "fa:7",
            "  \u{2068}خیلی دیر رسید\u{2069}",
            "  missed    price_level:neg",
            "  too much  delay:neg        \u{2068}⟦دیر⟧\u{2069}",
            "\n",
        ];
        assert_eq!(shown(&slip, Ink::NONE), lines.join("\n"));
        let lists = |errors| Lists {
            files: Vec::new(),
            split: Split::Dev,
            errors,
        };
        let slips = [slip.clone(), slip];
        for (errors, expected) in [(0, 0), (1, 1), (3, 2)] {
            let told = lists(errors).errors(slips.iter(), Ink::NONE);
            assert_eq!(told.matches("fa:7").count(), expected);
        }
    }
}
