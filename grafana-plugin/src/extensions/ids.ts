/** What the app adds to Grafana and offers to other apps. plugin.json says the same, or Grafana does not load the app for it. */

export const CAMERA_TILE_ID = 'sightline-app/camera-tile/v1';

/** In English, as plugin.json has it; users read it in their language. */
export const cameraHealth = {
  title: 'Camera health',
  description: 'Figures and history of the cameras in this panel',
} as const;

export const cameraTile = {
  id: CAMERA_TILE_ID,
  title: 'Live camera',
  description: 'One camera of a Sightline relay, live, with its state',
} as const;
