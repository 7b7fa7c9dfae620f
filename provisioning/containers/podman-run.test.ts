import { expect, test } from 'vitest';

import { podmanRunArguments } from './podman-run.ts';

const compose = `
x-service: &service { read_only: true, cap_drop: [ALL], security_opt: ['no-new-privileges:true'] }
services:
  relay:
    <<: *service
    image: relay:1
    mem_limit: \${MEMORY:-1g}
    pids_limit: 5
    ports: ['1:2']
    environment: { A: '\${A:-b}', C: 3 }
    volumes: ['./x:/x:ro', 'state:/state', '/:/host:ro']
    entrypoint: [sh, -c, 'echo $$A']
`;

test('a service becomes the arguments that limit it as compose would', () => {
  const args = podmanRunArguments(compose, 'relay', {
    root: '/r',
    project: 'p',
    variables: { MEMORY: '2g', A: '' },
  });
  expect(args.join(' ')).toBe(
    '--read-only --cap-drop ALL --security-opt no-new-privileges --memory 2g --memory-swap 2g --pids-limit 5 --publish 1:2 ' +
      '--env A=b --env C=3 --volume /r/x:/x:ro --volume p_state:/state --volume /:/host:ro --entrypoint sh relay:1 -c echo $A',
  );
});
