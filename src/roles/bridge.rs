//! The bridge: what `exec` runs beside the staging server where port-forward is forbidden. It hands
//! bytes from stdin to the server's port and back, and knows nothing of them. The end of stdin means
//! nothing (`kubectl exec -i` has lost it, and bytes before it): the protocol above counts and hashes.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::ExitCode,
    thread,
};

use crate::{
    error::{Failure, Result},
    term::error_line,
};

const BUFFER_BYTES: usize = 128 * 1024;

/// Hands bytes on until the server ends the connection.
#[must_use]
pub fn run(port: Option<&OsString>) -> ExitCode {
    match bridge(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // `exec` has a channel for stderr; stdout belongs to the server.
            error_line(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn bridge(port: Option<&OsString>) -> Result<()> {
    let port: u16 = port
        .and_then(|port| port.to_str()?.parse().ok())
        .ok_or_else(|| Failure::usage("which port?"))?;
    let failed = |error| Failure::new(format!("could not speak to port {port}")).because(error);
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    server.set_nodelay(true).map_err(failed)?;
    let mut to_server = server.try_clone().map_err(failed)?;
    // Not joined: nobody ends our stdin when the plugin is gone, and it must not keep us.
    thread::spawn(move || {
        let _ = pump(&mut io::stdin().lock(), &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Both);
    });
    pump(&mut server, &mut io::stdout().lock()).map_err(failed)
}

fn pump(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            length => to.write_all(&buffer[..length])?,
        }
        // stdout keeps what follows the last line break.
        to.flush()?;
    }
}
