// Drives basic-ftp: basic_ftp.js HOST PORT USER PASSWORD FUNCTION ARGUMENT... (programs.py says what the functions are.)
// What it finds is printed as JSON; a failure in words, with exit status 1.
"use strict";
const fs = require("fs");
const { Client } = require("basic-ftp");

const functions = {
    list: async (ftp, folder) => (await ftp.list(folder)).map((entry) => entry.name),
    up: (ftp, local, remote) => ftp.uploadFrom(local, remote),
    down: (ftp, remote, local) => ftp.downloadTo(local, remote),
    resume_up: async (ftp, local, remote) => ftp.appendFrom(local, remote, { localStart: await ftp.size(remote) }),
    resume_down: (ftp, remote, local) => ftp.downloadTo(local, remote, fs.statSync(local).size),
    rename: (ftp, old, name) => ftp.rename(old, name),
    delete: (ftp, path) => ftp.remove(path),
    mkdir: (ftp, path) => ftp.ensureDir(path),
    tree_up: (ftp, local, remote) => ftp.uploadFromDir(local, remote),
    tree_down: (ftp, remote, local) => ftp.downloadToDir(local, remote),
};

async function main() {
    const [host, port, user, password, name, ...rest] = process.argv.slice(2);
    const ftp = new Client(20000);
    try {
        await ftp.access({ host, port: Number(port), user, password });
        const found = await functions[name](ftp, ...rest);
        console.log(JSON.stringify(Array.isArray(found) ? found : null));
    } finally {
        ftp.close();
    }
}

main().catch((error) => {
    console.log(String(error));
    process.exitCode = 1;
});
