// What ical.js, the parser of Thunderbird and many web calendars, makes of files; it parses strictly. It prints a
// list for each: uid, start, end, title, status, place and text of its entries, hours as local clocks show them.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

ICAL.design.strict = true;

function local(time) {
  return time?.isDate ? time.toICALString() : time ? ICAL.Time.fromJSDate(time.toJSDate()).toICALString() : "";
}

const calendars = process.argv.slice(2).map((file) => {
  const calendar = new ICAL.Component(ICAL.parse(readFileSync(file, "utf-8")));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  const parts = [...calendar.getAllSubcomponents("vevent"), ...calendar.getAllSubcomponents("vtodo")];
  return parts.map((part) => {
    const said = (name) => part.getFirstPropertyValue(name);
    const [starts, ends] = [said("dtstart"), said(part.name == "vtodo" ? "due" : "dtend")];
    const words = ["summary", "status", "location", "description"].map((name) => said(name) ?? "");
    return [said("uid"), local(starts), local(ends), ...words];
  });
});
console.log(JSON.stringify(calendars));
