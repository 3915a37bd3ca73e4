//! `registry login` at a terminal: it asks for what was not given, and shows no password.
use crate::{
    registry_commands::World,
    support::{
        fake_registry::{Login, PASSWORD, USER},
        terminal::Terminal,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn user_and_password_are_asked_for() {
    let world = World::new(Login::Basic).await;
    let host = world.fake.host.clone();
    let line = "registry login HOST --insecure-registry HOST";
    let command = world.command(line, true);
    let (code, stdout, screen) = tokio::task::spawn_blocking(move || {
        let mut terminal = Terminal::start(command);
        terminal.answer(&format!("User at {host}"), USER);
        terminal.answer_hidden(&format!("Password of {USER}"), PASSWORD);
        terminal.ended()
    })
    .await
    .unwrap();
    assert_eq!(
        (code, stdout.as_str()),
        (Some(0), "secret/registry-push\n"),
        "{screen}"
    );
    assert!(!screen.contains(PASSWORD), "{screen}");
    assert!(
        screen.contains("logged in as dev · proved from inside the cluster"),
        "{screen}"
    );
    let login = &world.auths("registry-push")[&world.fake.host];
    assert_eq!(
        (&login["username"], &login["password"]),
        (&USER.into(), &PASSWORD.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_not_given_is_asked_for() {
    let world = World::new(Login::Basic).await;
    let line = "registry login HOST --insecure-registry HOST --username robot$shop+ci";
    let command = world.command(line, false);
    let (code, _, screen) = tokio::task::spawn_blocking(move || {
        let mut terminal = Terminal::start(command);
        terminal.answer_hidden("Password of robot$shop+ci", "wr0ng");
        terminal.ended()
    })
    .await
    .unwrap();
    assert_eq!(code, Some(1), "{screen}");
    assert!(
        !screen.contains("User at") && !screen.contains("wr0ng"),
        "{screen}"
    );
    assert!(screen.contains("as user `robot$shop+ci`"), "{screen}");
}
