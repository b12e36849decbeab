// Starts the page. Must not decide anything.
import { mount } from "svelte";
import App from "./App.svelte";
import "./style.css";

mount(App, { target: document.getElementById("page")! });
