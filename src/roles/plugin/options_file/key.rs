//! The keys of `b2i.yaml`: the flags of `deploy`, in camelCase. What clap knows of a flag decides what
//! its key takes, so a new flag is a new key.

use clap::{Arg, ArgAction, Command};

use super::authority::{self, May};

/// Flags with this before their name take back what the flag without it says.
pub(super) const NO: &str = "no-";

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `true` or `false`.
    Switch,
    /// A value or a list of them, or `true` for the flag without one.
    Maybe,
    /// One value.
    One,
    /// Words for a shell, which may stand as a list.
    Words,
    /// A value or a list of them.
    Many,
    /// The same, or a map of names and values.
    Pairs,
}

/// A flag that may stand in the file.
pub(super) struct Key {
    /// As the file has it.
    pub name: String,
    /// As clap has it.
    pub id: String,
    /// As the command line has it, without dashes.
    pub flag: String,
    /// What it takes.
    pub shape: Shape,
    /// Whether there is a flag that takes it back.
    pub has_no: bool,
    /// What a relative path starts from: the file's folder.
    pub is_path: bool,
    /// The only values, where there are some.
    pub possible: Vec<String>,
    /// The flag's help.
    pub help: String,
}

/// Returns the keys for a command, in the order of its help.
pub(super) fn of(command: &Command) -> Vec<Key> {
    let flags: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_positional())
        .collect();
    let is_flag = |name: &str| flags.iter().any(|arg| arg.get_long() == Some(name));
    let keys = flags.iter().filter_map(|arg| {
        let flag = arg.get_long()?;
        let takes_back = flag.strip_prefix(NO).is_some_and(is_flag);
        (!takes_back && is_for_files(flag)).then(|| Key {
            name: camel_case(flag),
            id: arg.get_id().to_string(),
            flag: flag.to_owned(),
            shape: shape(arg),
            has_no: is_flag(&format!("{NO}{flag}")),
            is_path: value_name(arg) == "FILE",
            possible: possible(arg),
            help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        })
    });
    keys.collect()
}

/// Returns the flags that the keys stand for, and those that take them back.
pub(super) fn flags(command: &Command) -> Vec<Arg> {
    let is_one = |arg: &&Arg| arg.get_long().is_some_and(is_for_files);
    command.get_arguments().filter(is_one).cloned().collect()
}

/// Whether a flag says something of the app, not of one run.
fn is_for_files(flag: &str) -> bool {
    !matches!(authority::of(flag), Some(May::NoFile))
}

fn shape(arg: &Arg) -> Shape {
    let may_have_none = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => Shape::Switch,
        _ if may_have_none => Shape::Maybe,
        ArgAction::Append if value_name(arg).contains("NAME=VALUE") => Shape::Pairs,
        ArgAction::Append => Shape::Many,
        _ if value_name(arg) == "WORDS" => Shape::Words,
        _ => Shape::One,
    }
}

fn value_name(arg: &Arg) -> &str {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or("", |name| name.as_str())
}

fn possible(arg: &Arg) -> Vec<String> {
    let values = arg.get_possible_values();
    values.iter().map(|value| value.get_name().to_owned()).collect()
}

/// Returns the key of a flag.
pub(super) fn camel_case(flag: &str) -> String {
    let mut words = flag.split('-');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_decides_what_its_key_takes() {
        let command = Command::new("deploy")
            .arg(Arg::new("artifact"))
            .arg(
                Arg::new("image_env")
                    .long("image-env")
                    .value_name("NAME=VALUE")
                    .action(ArgAction::Append),
            )
            .arg(
                Arg::new("port")
                    .long("port")
                    .value_name("PORT")
                    .action(ArgAction::Append),
            )
            .arg(Arg::new("nodeport").long("nodeport").num_args(0..=1))
            .arg(
                Arg::new("no_nodeport")
                    .long("no-nodeport")
                    .action(ArgAction::SetTrue),
            )
            .arg(Arg::new("registry_ca").long("registry-ca").value_name("FILE"))
            .arg(Arg::new("rebuild").long("rebuild").action(ArgAction::SetTrue));
        let keys: Vec<_> = of(&command)
            .into_iter()
            .map(|key| (key.name, key.shape, key.has_no, key.is_path))
            .collect();
        let key = |name: &str, shape, has_no, is_path| (name.to_owned(), shape, has_no, is_path);
        assert_eq!(
            keys,
            [
                key("imageEnv", Shape::Pairs, false, false),
                key("port", Shape::Many, false, false),
                key("nodeport", Shape::Maybe, true, false),
                key("registryCa", Shape::One, false, true),
            ]
        );
    }
}
