/** What runs without a configuration file. It is an example of one, too. */
export const defaultConfigName = 'the built-in configuration';

export const defaultConfigText = `
streams:
  demo-1:
    url: demo:?width=1280&height=720&fps=30&title=demo-1
    title: Demo, 1280 x 720
  demo-2:
    url: demo:?width=640&height=360&fps=15&title=demo-2
    title: Demo, 640 x 360
`;
