//! The ways through the API server: port-forward, `exec` where that is forbidden, and neither.

use std::process::Command;

use crate::{
    cuts::{MEGABYTE, noisy_program},
    world::{World, run},
};

fn finding(world: &World) -> String {
    let said = world.b2i("doctor");
    let line = said.stdout.lines().find(|line| line.contains("pods/portforward"));
    line.unwrap_or_else(|| panic!("{}\n{}", said.stdout, said.stderr))
        .to_owned()
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn exec_where_port_forward_is_forbidden() {
    let world = World::new("way-exec");
    world.may_no_longer("pods/portforward");
    world.may("get,create", "pods/exec");
    let program = noisy_program(&world, 9, 40 * MEGABYTE);
    let line = format!(
        "build {} --name noise --base scratch --tag exec",
        program.display()
    );
    let image = world.b2i_ok(&line);
    run(Command::new("crane").args(["validate", "--insecure", "--remote", &image]));
    assert!(finding(&world).contains("exec"));
}

#[test]
#[ignore = "needs a cluster: tests/run"]
fn neither_is_said_and_nothing_is_left() {
    let world = World::new("way-none");
    world.may_no_longer("pods/portforward");
    let before = world.objects();
    let program = noisy_program(&world, 9, 3 * MEGABYTE);
    let said = world.b2i(&format!(
        "build {} --name noise --base scratch",
        program.display()
    ));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    for part in ["pods/portforward", "pods/exec", "#permissions"] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    crate::world::eventually("the namespace being as before", || world.objects() == before);
}
