import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programCommand, provideProgram, type CommandLine } from '../provision/index.ts';
import { Server } from '../server.ts';

const prometheus = { name: 'prometheus', suite: 'bookworm', packages: ['prometheus'] } as const;

/** Debian's promtool, which checks and tests rules of Prometheus, in the cache. Throws Absent. */
export async function promtoolCommand(): Promise<CommandLine> {
  await provideProgram(prometheus);
  return programCommand(prometheus, 'usr/bin/promtool');
}

/** Debian's Prometheus, in the cache. Throws Absent. */
export async function prometheusCommand(): Promise<CommandLine> {
  await provideProgram(prometheus);
  return programCommand(prometheus, 'usr/bin/prometheus');
}

export interface Prometheus {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Names of the alerts that fire now. */
  readonly firing: () => Promise<string[]>;
  readonly stop: () => Promise<void>;
}

interface Alerts {
  data: { alerts: { state: string; labels: { alertname: string } }[] };
}

/**
 * A Prometheus that asks every three seconds: a check of readiness takes up to two.
 * @param targets `host:port` of servers of `/metrics`, in the job `btf-depot`.
 * @param rules the text of a file of rules.
 */
export async function startPrometheus(
  targets: readonly string[],
  rules: string,
): Promise<Prometheus> {
  const server = await Server.start({
    name: 'prometheus',
    command: await prometheusCommand(),
    prepare: async (_port, folder) => {
      await writeFile(join(folder, 'rules.yml'), rules);
      await writeFile(
        join(folder, 'prometheus.yml'),
        JSON.stringify({
          global: { scrape_interval: '3s', scrape_timeout: '3s', evaluation_interval: '1s' },
          rule_files: [join(folder, 'rules.yml')],
          scrape_configs: [{ job_name: 'btf-depot', static_configs: [{ targets }] }],
        }),
      );
    },
    args: (port, folder) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    answers: (port) =>
      fetch(`http://127.0.0.1:${port}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    firing: async () => {
      const answer = await fetch(`${url}/api/v1/alerts`);
      const { data } = (await answer.json()) as Alerts;
      const firing = data.alerts.filter(({ state }) => state === 'firing');
      return [...new Set(firing.map(({ labels }) => labels.alertname))].sort();
    },
    stop: () => server.stop(),
  };
}
